"""Chinese words and what they hint at. A word may carry several hints; the longest word at a position wins.

Words mapped to `Hint.NONE` are there to swallow look-alikes: 退休 is not 退, 确认收货 is no question about a parcel.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

from enum import IntFlag


class Hint(IntFlag):
    """What one word can say about the purpose of the sentence."""

    NONE = 0
    REFUND = 1  # money back
    RETURN = 2  # goods back
    BACK = 4  # 退 alone
    EXCHANGE = 8
    AFTERSALE = 16
    CANCEL = 32
    UNWANTED = 64  # 不要了
    ORDER = 128
    ADDRESS = 256
    CONTACT = 512  # phone, name of the receiver
    CHANGE = 1 << 10
    WRONG = 1 << 11
    TIME = 1 << 12  # 配送时间: the thing, not the question
    WHERE = 1 << 13  # 到哪了
    PARCEL = 1 << 14  # 快递 物流 包裹
    SHIP = 1 << 15  # 发货 出库
    ARRIVE = 1 << 16  # 收到 到货 送到
    URGE = 1 << 17
    WHEN = 1 << 18
    PROGRESS = 1 << 19
    STOCK = 1 << 20
    FIELD = 1 << 21  # a field of an order: 付款时间, 订单金额
    LOOK = 1 << 22  # 查 看
    MANY = 1 << 23
    INVOICE = 1 << 24
    PRICE = 1 << 25  # promotions, price protection
    POLICY = 1 << 26
    OTHER = 1 << 27  # things that are not ours: accounts, installation, ...
    MONEY = 1 << 28
    WANT = 1 << 29
    CARRIER_CHOICE = 1 << 30  # 发什么快递, 运费
    DONE = 1 << 31  # 已 申请了 提交了
    GREET = 1 << 32
    METRIC = 1 << 33
    DOCUMENT = 1 << 34
    ALERT = 1 << 35
    WITHDRAW = 1 << 36
    GOODS = 1 << 37
    TODO = 1 << 38


H = Hint
_GROUPS: tuple[tuple[Hint, str], ...] = (
    (
        H.REFUND,
        "退款 退钱 退我钱 退费 返款 退还 退回货款 退全款 仅退款 退一部分 退差额 返还 退余款 退定金 退押金 退运费 退邮费 赔付 赔偿 赔钱 退账 退我的钱 把钱退 钱退 怎么赔 赔我 赔给我 赔多少 补偿 补偿的钱 赔的钱",
    ),
    (
        H.RETURN,
        "退货 退回去 退掉 退换 退换货 退货退款 退单 寄回 寄回去 退件 退一件 退一个 退一下 退这个 退了它 退货款 退东西 拿去退",
    ),
    (H.BACK, "退"),
    (
        H.EXCHANGE,
        "换货 调换 换一个 换个 换一件 换新 换码 换尺码 换颜色 换一双 换大 换小 换一台 更换商品 换型号 换成 换大一码 换小一码 重新发一个 补发",
    ),
    (H.AFTERSALE, "售后 售后单 返修 维修单 申请单 服务单 上门取件 取件 上门取货 上门取 取走 取货"),
    (H.CANCEL, "取消 撤单 撤销订单 退订 作废 取消订单 取消掉 关闭订单 撤销 撤回 关掉订单"),
    (
        H.UNWANTED,
        "不要了 不想要了 不买了 不想买了 不需要了 不想要 不要这个了 不打算要了 买错了 拍错了 拍多了 多拍了 买多了 下错单 下错了 重复下单了 重复拍 拍重复了",
    ),
    (H.ORDER, "订单 定单 单子 这单 这个单 那个单 此单 该单 那单 我的单 一单 下单 两单 个单 的单 订的单"),
    (
        H.ADDRESS,
        "地址 收货信息 收件信息 收货人信息 送货信息 配送信息 收货地址 送货地址 配送地址 收件地址 快递地址 邮寄地址 寄送地址 住址 门牌号 收货地 小区名 楼号 换个地方收 换个地方寄 换个地方送",
    ),
    (
        H.CONTACT,
        "电话 手机号 手机 手机号码 电话号码 联系方式 联系电话 收货人 收件人 收获人 收货人姓名 联系人 姓名 名字 收货电话 收件人姓名 收货号码 号码",
    ),
    (
        H.CHANGE,
        "改 修改 更改 变更 更换 更正 更新 换 改成 改为 改到 改一下 改下 换到 调整 变动 有变 换一下 变了 搬家 改送 改派 改寄 转寄 寄到别 送到别 换地址 改地址 换下 重新填 转到 换去 换个地方收 换个地方寄 换个地方送",
    ),
    (
        H.WRONG,
        "填错 写错 选错 弄错 错了 搞错 输错 留错 有误 不对 错误 写成 填成 选成 下错 忘改 忘了改 没改 不正确 不完整 旧地址 老地址 以前的地址 写漏 少写 漏写 没写 少了 缺了 漏了 补充 加上 补上 填的不对",
    ),
    (H.TIME, "送货时间 配送时间 送达时间 收货时间 派送时间 预约时间 送货日期 配送日期 到货时间段 安装时间 发货时间 时间段"),
    (
        H.WHERE,
        "到哪 到那 到哪里 到那里 到哪儿 到哪了 到那了 到哪里了 到哪儿了 哪里了 在哪 在哪里 哪去了 去哪了 走到哪 送到哪 发到哪 什么位置 卡在 停在 停滞 停了 没动 不动 不更新 没更新 没有更新 到什么地方 什么地方了 没动静 没有动静 丢件 丢了 弄丢 到站 中转 转运 滞留 不走了 一直在 还没到 没有到 还不到 咋还不到 没有动 没走 没有走 不走 在路上 未到 还没来 怎么没到 没到 没送 没有送 还没送 还不送 不送货 不送 没派送 不派送",
    ),
    (
        H.PARCEL,
        "货物 跟踪不了 追踪不了 物流 快递 为什么物流 为什么快递 为啥物流 为啥快递 包裹 快件 运单 快递单 运输 邮件 物流信息 物流单号 快递单号 物流状态 物流进度 物流轨迹 配送 派送 派件 送货 送件 派单 配送员 快递员 送货员 货运 京东快递 顺丰 中通 圆通 申通 韵达 极兔 邮政 ems 快递小哥 揽收 揽件 签收 妥投 自提点 驿站 快递柜 丰巢 代收点 提货点 寄送 寄过来 送过来 送来 送上门 卡车 站点 仓库出 海关 清关 通关 报关中",
    ),
    (
        H.SHIP,
        "发货 出库 发出 寄出 发走 发出来 发了吗 发了没 还没发 没有发 没发 不发货 不发 拣货 打包 发车 未发货 没发货 待发货 出货 未出库 发没发 正在出库 打印 等待打印 出仓 出仓库 备货 备货中 发我 给我发 几时发 什么时候发 啥时候发 何时发 什么时间发 哪天发 多久发 发吗 能发 可以发",
    ),
    (
        H.ARRIVE,
        "收到 收货 到货 送到 送达 到达 能到 会到 到手 当日达 次日达 收不到 没收到 没有收到 未收到 可以到 能送 送给我 给我送 拿到 到了 到吗 能不能到 送了 到家 几点到 能来 会送 可以送 时候到 时候来 时候送 多久到 几天到 天到 明天到 今天到 送不 派不 哪天送 几点送 送吗 时间到 时间送 什么时候来 久能到 等多久 等几天 到不了 才到 才送 才能到 才能送 会来 送不送 给我送来 时能到 还要多久 要多久 要几天 预计",
    ),
    (
        H.URGE,
        "催 催催 催一下 催下 催促 加急 快点 快一点 尽快 赶紧 抓紧 着急 急用 等着用 等了 麻烦快 快些 早点 早些 赶快 优先",
    ),
    (
        H.WHEN,
        "什么时候 啥会儿 啥会 啥时候 什么时间 何时 几时 多久 多长时间 几天 几点 哪天 什么日子 多少天 多会 多会儿 几号 啥时 什么时後 什么时 多少时间 几个工作日 多少个工作日 多少工作日 几小时 多少小时 时间大概 大概时间 时间是多久 哪一天 几日 多少日 猴年马月 甚么时候",
    ),
    (
        H.PROGRESS,
        "进度 到账 到帐 审核 处理 哪一步 哪步 到哪一步 没到账 没退 未退 没有退 还没退 没收到退款 原路 退到哪 退到哪里 退到 已退 退了吗 退了没 退了么 退完 退好 没处理 未处理 没退款 未退款 没有退款 没给我退 没给退 没返 未到账 不退给我 没退给我 状态 查收 退成功 退款成功 怎么没退 不给退款 还不退 退回来了 退回来 打款 返到 退款中 通过了 没通过 被驳回 被拒 受理 反馈 回复 少退 多退 退少了 到卡 到微信 到支付宝 到余额",
    ),
    (
        H.STOCK,
        "有货 缺货 没货 无货 没有货 补货 库存 现货 断货 断码 到货通知 售罄 有没有货 货源 上架 上货 进货 有现货 没现货 卖完了 卖光 还有吗 还有没有 有没有现货 采购中 采购 还有货 有库存 调货 来货 没有库存 库存不足 几件货 还有多少 剩多少 剩几件 余量 现有 可用库存 备货不足 预售 还卖吗 上新货 上新 缺不缺货 少货 断供 下架 会补 还会补",
    ),
    (
        H.FIELD,
        "付款时间 支付时间 下单时间 订单金额 订单状态 付款金额 实付 支付方式 付款方式 订单详情 订单信息 订单明细 订单编号 订单号 购买时间 付款确认时间 成交时间 支付金额 多少钱 总金额 应付 备注 订单内容 商品清单 详情 明细 单号是多少 什么时候买 什么时候下 哪天买 几号买 付款了吗 付款成功 支付成功 付款状态 是否付款 是否支付 总价 实付款 下单成功 规格 买的什么 买了什么 买了几 付款了没 支付了吗 支付了没",
    ),
    (
        H.LOOK,
        "查 查询 查一下 查下 看下 看一下 看看 查看 查查 帮我看 显示 确认 确认一下 核实 核对 了解 问一下 跟踪 追踪 跟进 关注下",
    ),
    (
        H.MANY,
        "几个订单 这些订单 下面 所有 全部 历史订单 哪些 这几个 两个订单 多个订单 几单 历史 记录 买过 所有订单 全部订单 列表 以下订单 这几单 最近的订单 名下",
    ),
    (
        H.INVOICE,
        "补发票 补开发票 没有发票 没发票 不发票 发票 开票 抬头 税号 专票 电子票 纸票 增票 普票 增值税 开具 票据 收据",
    ),
    (
        H.PRICE,
        "保价 价保 降价 差价 优惠 优惠券 券 红包 积分 京豆 满减 活动 折扣 便宜 打折 促销 价格保护 秒杀 价格 涨价 返现 返券 补差 礼品卡 京券 东券 e卡 白条 分期 赠品 返利 拼团 会员价 促销价 特价 满减券 满赠 免息 津贴 抵扣",
    ),
    (
        H.POLICY,
        "规则 政策 无理由 运费险 谁出 谁承担 谁付 承担 包退 包换 保修 质保 保质期 保质日期 三包 条件 标准 流程是什么 运费谁 邮费谁 七天 7天 生产日期 有效期 正品 真假 假货 质量保证 联保 手续费 违约金 扣费 扣钱 退货运费",
    ),
    (
        H.OTHER,
        "安装 预约 账号 账户 密码 登录 登陆 注册 绑定 会员 客服电话 人工 人工客服 投诉 评价 好评 差评 晒单 尺寸 颜色 材质 功能 型号 区别 怎么用 使用 说明书 参数 配件 适合 密封 支付卡 银行卡 余额 提现 充值 门店 加盟 招聘 天气 笑话 新闻 股票 唱歌 翻译 电影 航班 酒店 机票 火车票 外卖 音乐 闹钟 订阅 续费 自动续费 关注店铺 收藏 短信 验证码 实名 保险 贷款 借款 信用卡 转账 游戏 漏水 噪音 坏了 破损 维修 故障 充电 开机 死机 味道 好吃 口感 重量 容量 码数 退市 退烧 定时 发热 支付不了 付不了款 付款失败 无法支付 不能支付 付款不了 支付失败 赠送 成分 产地 效果 好用吗 支持吗 兼容 怎么样 哪个好 哪款 推荐 建议 打电话 热线 电话多少 你们电话 下载 驱动 软件 系统升级 升级",
    ),
    (H.MONEY, "钱 款 货款 款项 金额 余款 尾款"),
    (
        H.WANT,
        "我要 我想 帮我 给我 想要 需要 麻烦 申请 能不能 可以 能 可不可以 请帮 要求 办理 怎么 如何 怎样 咋 想 要 请 帮忙 帮 哪里 是否 行不 可否 能否",
    ),
    (
        H.CARRIER_CHOICE,
        "发什么快递 什么快递 哪家快递 哪个快递 啥快递 什么物流 哪家物流 哪个物流 运费 邮费 快递费 包邮 发顺丰 指定快递 可以发顺丰 自提 配送方式 送货方式 送货上门 上门安装 送货入户 配送范围 配送费 免运费 从哪发货 从哪里发货 哪里发货 哪发货 发货地 哪个仓 哪里发的 送上楼 上楼费 上楼 发哪家 走什么 走哪家 哪种快递 什么公司",
    ),
    (
        H.DONE,
        "已 已经 申请了 提交了 刚申请 申请过 申请的 提交 昨天申请 前天申请 今天申请 寄回了 寄回去了 寄出去 退货了 退了货 取消了 刚取消 拒收 拒签 已申请",
    ),
    (
        H.GREET,
        "你好 您好 在吗 在么 谢谢 多谢 感谢 好的 嗯 哦 再见 拜拜 早上好 下午好 晚上好 早 辛苦了 辛苦啦 辛苦 收到 哈哈 呵呵 亲 嗨 hi hello 有人吗 在不在 ok 好 明白了 知道了 不客气 没事了 没关系 晚安 棒 厉害 你是谁 你叫什么 不用了 行 可以的 麻烦了 你好啊",
    ),
    (
        H.DOCUMENT,
        "拣货单 出库单 面单 退货面单 退货标签 装箱单 发货单 配货单 送货单 对账单 发票文件 发票资料 形式发票 报关单 清关资料",
    ),
    (H.ALERT, "报警 告警 预警 警报 警告 提醒"),
    (H.WITHDRAW, "撤销 撤回 撤掉 撤诉 终止 取消申请 撤销申请 撤回申请"),
    (H.GOODS, "商品 货 东西 这款 这个 产品 宝贝 书 它 这件 物品"),
    (
        H.TODO,
        "待办 待处理 要处理 发货清单 异常单 待审批 待发货清单 我的任务 没处理的 未处理的 待打包 待贴单 待取件 异常订单 待发的单 今日任务 今天要发 待审核的 要审批 等我审批 待我审批 等我批 要我批 我要批 工单",
    ),
    (
        H.NONE,
        "确认收货 兑换 兑换码 兑换券 退休 退出 退烧药 退热 收货评价 退役 改善 改良 改装 换算 换季 交换机 变换器 转换 切换 能耗 可能 换洗 退色 更新换代 处理器 发现有 出现有 退税 退租 退房 退群 退伍 退学 退婚 退化 退票 退党 退会 退潮 退步 退路 退缩 换个话题 换话题 换个频道 换频道 换乘 换汇 换歌 换一首 换首歌 换零钱 换班 换座 换座位 换房 换工作 换个发型 换头像 换个头像 换壁纸 换个壁纸 换个角度 换个笑话 换一个笑话 换个说法 换个铃声 换灯泡 换轮胎 换机油 换尿布 换衣服 换位思考 换驾照 换护照 换身份证 还有没有办法 还有没有其他 还有没有别的 还有没有什么 怕重复 不好意思 帮宝适 要是 需要的话 地址栏 退热贴 进度条 改天",
    ),
)


# A longer word keeps what the shorter one inside it says: 没退款 is still about a refund, 退货运费 about a return.
_CORE = H.REFUND | H.RETURN | H.BACK | H.EXCHANGE | H.CANCEL | H.ADDRESS | H.ORDER | H.INVOICE | H.STOCK | H.PARCEL | H.WHEN


def _table() -> dict[str, int]:
    table: dict[str, int] = {}
    silent = set(_GROUPS[-1][1].split())
    for hint, words in _GROUPS[:-1]:
        for word in words.split():
            table[word] = table.get(word, 0) | int(hint)
    core = {word: bits & int(_CORE) for word, bits in table.items() if bits & int(_CORE) and word not in silent}
    for word, bits in table.items():
        for start in range(len(word)):
            for stop in range(start + 1, len(word) + 1):
                if stop - start < len(word):
                    bits |= core.get(word[start:stop], 0)
        table[word] = bits
    return table | dict.fromkeys(silent, 0)


WORDS: dict[str, int] = _table()
HEADS: dict[str, tuple[int, ...]] = {}
for _word in WORDS:
    HEADS[_word[0]] = tuple(sorted({*HEADS.get(_word[0], ()), len(_word)}, reverse=True))


def hints(text: str) -> tuple[int, list[tuple[int, int]]]:
    """(all hints of the text together, [(hints, position)] of each word found), longest word first at each place."""
    heads, words = HEADS, WORDS
    together = 0
    hits: list[tuple[int, int]] = []
    at, size = 0, len(text)
    while at < size:
        lengths = heads.get(text[at])
        if lengths is not None:
            for length in lengths:
                meaning = words.get(text[at : at + length])
                if meaning is not None:
                    if meaning:
                        together |= meaning
                        hits.append((meaning, at))
                    at += length
                    break
            else:
                at += 1
        else:
            at += 1
    return together, hits
