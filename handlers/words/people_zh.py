"""What is said about who is who, and about what a group is for. Names come in already harmless (`safe_text`)."""

from __future__ import annotations

from collections.abc import Sequence

ROLES = {
    "service": ("客服", "service"), "warehouse": ("仓管", "warehouse"), "finance": ("财务", "finance"),
    "purchasing": ("采购", "purchasing"), "operations": ("运营", "operations"), "manager": ("店长", "manager"),
    "admin": ("管理员", "administrator"),
}  # fmt: skip
PLATFORMS = {
    "wecom": ("企业微信", "WeCom"),
    "dingtalk": ("钉钉", "DingTalk"),
    "console": ("网页工作群", "the work group page"),
}


class Zh:
    """Chinese."""

    _at = 0

    def role(self, role: str) -> str:
        return ROLES.get(role, (role, role))[self._at]

    def roles(self, roles: Sequence[str]) -> str:
        return "、".join(self.role(role) for role in roles) or "还没有岗位"

    def platform(self, name: str) -> str:
        return PLATFORMS.get(name, (name, name))[self._at]

    def scope(self, shops: Sequence[str], warehouses: Sequence[str]) -> str:
        parts = [f"店铺 {'、'.join(shops)}"] if shops else []
        parts += [f"仓库 {'、'.join(warehouses)}"] if warehouses else []
        return "，".join(parts)

    # --- codes ---

    def invited(self, name: str, roles: str, code: str, minutes: int) -> str:
        return (
            f"给 {name}（{roles}）的绑定码：{code}，{minutes} 分钟内有效，只能用一次。"
            f"请他私聊我发「绑定 {code}」，不要发在群里。他绑好我会告诉你。"
        )

    def own_code(self, code: str, minutes: int) -> str:
        return f"你的绑定码：{code}，{minutes} 分钟内有效，只能用一次。在你的另一个账号上私聊我发「绑定 {code}」。"

    def alone_please(self) -> str:
        return "这件事私聊我办，不在群里说。"

    def code_in_group(self) -> str:
        return "绑定码要单独私聊发给我，不能发在群里。刚才那个码已经作废，请重新要一个。"

    def wrong_code(self, left: int) -> str:
        if left <= 0:
            return "这个码不对、过期了或已经用过。错得太多，一小时后再试；也可以请店长重新邀请。"
        return f"这个码不对、过期了或已经用过。还能试 {left} 次，也可以请店长重新发一个。"

    def locked(self) -> str:
        return "错得太多，先停一小时。到时再发，或请店长重新邀请。"

    def all_burnt(self) -> str:
        return "十分钟里有很多次错误的绑定码，像是有人在猜。还没用的码已经全部作废，要用的请重新发「邀请 …」。"

    def bound(self, name: str, roles: str) -> str:
        return f"绑好了，{name}（{roles}）。发「帮助」看我会什么。"

    def bound_already(self, name: str) -> str:
        return f"这个账号本来就是你的，{name}，不用再绑。"

    def somebody_elses(self) -> str:
        return "这个账号已经是另一位同事的了，没有改动。那个码已经作废，我告诉了管理员。"

    def left_already(self) -> str:
        return "通讯录里这个账号已经停用，不能绑定。请管理员先在通讯录里恢复。"

    def tell_bound(self, name: str, roles: str, platform: str) -> str:
        return f"{name}（{roles}）刚绑定了{platform}账号。不是本人就发「停用 {name}」。"

    def tell_own(self, platform: str) -> str:
        return f"你的{platform}账号刚绑到你名下。不是你本人操作，请马上告诉店长。"

    def tell_misused(self, name: str, other: str) -> str:
        return f"给 {name} 的绑定码被 {other} 的账号用了，没有绑定，码已作废。核实后重新邀请。"

    def too_many_codes(self) -> str:
        return "刚才要了太多码，过一小时再要。"

    # --- inviting, revoking ---

    def invite_needs_role(self, name: str) -> str:
        return f"{name} 做什么？例如「邀请 {name} 客服」，岗位有客服、仓管、财务、采购、运营、店长、管理员。"

    def known_otherwise(self, name: str, roles: str) -> str:
        return (
            f"已经有一位 {name}（{roles}）。是他本人多一个账号，发「邀请 {name}」不写岗位；"
            f"是同名的新人，换个分得清的叫法，如「邀请 {name}2 …」。"
        )

    def several(self, name: str, count: int) -> str:
        return f"有 {count} 位 {name}，我分不清是哪一位。请在命令行用编号：xiaodan people list。"

    def unknown_place(self, kind: str, word: str, known: Sequence[str]) -> str:
        return f"没有叫「{word}」的{'店铺' if kind == 'shops' else '仓库'}，有：{'、'.join(known) or '还没有'}。"

    def nobody_called(self, name: str) -> str:
        return f"没有叫 {name} 的人。"

    def not_yourself(self) -> str:
        return "不能停用自己。"

    def last_admin(self) -> str:
        return "这是最后一位能管人的同事，先让别人当店长或管理员。"

    def revoked(self, name: str) -> str:
        return f"{name} 从现在起不能再问、不能再按了。要恢复就发「邀请 {name}」。"

    def not_yours(self) -> str:
        return "管人和绑群是店长或管理员的事，可以找他们。"

    # --- who ---

    def who(self, name: str, roles: str, scope: str, accounts: Sequence[tuple[str, str]], groups: Sequence[str]) -> str:
        lines = [f"{name}，{roles}" + (f"；只看{scope}" if scope else "")]
        if accounts:
            lines.append("账号：" + "、".join(f"{platform} {user}" for platform, user in accounts))
        if groups:
            lines.append("绑定的群：" + "、".join(groups))
        return "\n".join(lines)

    # --- directory ---

    def left(self, name: str, platform: str, why: str) -> str:
        reason = {"left": "离职或移出可见范围", "disabled": "被停用", "revoked": "被停用"}.get(why, why)
        where = f"{platform}通讯录里" if platform else ""
        return f"{name} 在{where}{reason}，已经不能再用我。" if where else f"{name} {reason}，已经不能再用我。"

    def nobody_left(self, number: str, step: str) -> str:
        return f"{number} 等{step}，但能批这一步的人一个都不在了。请尽快「邀请」一位，或到店铺后台处理。"

    def sync_refused(self, platform: str, gone: int, known: int) -> str:
        return (
            f"{platform}通讯录这次少了 {gone} 人（共 {known} 人），不像是真的，我没有停用任何人。"
            "看看应用的可见范围有没有被改小；确实走了这么多，在命令行运行 xiaodan people sync --accept。"
        )

    def sync_stuck(self, platform: str, why: str) -> str:
        return f"{platform}通讯录同步不了：{why} 在修好之前，离职的人要手动「停用」。"

    def sync_denied(self) -> str:
        return "应用没有通讯录权限或授权失效。"

    # --- groups ---

    def in_a_group_please(self) -> str:
        return "到要绑定的群里 @我 发这句。"

    def how_to_bind(self) -> str:
        return "这样说：「绑定本群 店铺 抖音旗舰店」「绑定本群 仓库 杭州仓」「绑定本群 主题 库存预警,退款」，可以写在一起。"

    def unknown_topics(self, words: Sequence[str], known: Sequence[str]) -> str:
        return f"没有「{'、'.join(words)}」这个主题，有：{'、'.join(known)}。"

    def proposal(self) -> str:
        return "绑定本群"

    def unbinding(self) -> str:
        return "解绑本群"

    def topics(self, topics: Sequence[str]) -> str:
        return f"主题：{'、'.join(topics)}"

    def shops(self, shops: Sequence[str]) -> str:
        return f"店铺：{'、'.join(shops) or '全部'}"

    def warehouses(self, places: Sequence[str]) -> str:
        return f"仓库：{'、'.join(places) or '全部'}"

    def was(self, before: str) -> str:
        return f"原来：{before}"

    def confirm(self) -> str:
        return "确认绑定"

    def confirm_unbind(self) -> str:
        return "确认解绑"

    def cancel(self) -> str:
        return "不用了"

    def binding_waits(self, minutes: int) -> str:
        return f"{minutes} 分钟内按确认才算数"

    def group_bound(self, lines: Sequence[str]) -> str:
        return "本群绑好了。" + "；".join(lines)

    def group_unbound(self) -> str:
        return "本群已解绑，我不在这里说单子，也不再发提醒。"

    def dropped(self) -> str:
        return "好，没有改动。"

    def proposal_over(self) -> str:
        return "这次确认已经过期或用过了，要改就再发一遍。"

    def group_is(self, title: str, lines: Sequence[str]) -> str:
        return f"{title or '本群'} · " + "；".join(lines)

    def group_is_nothing(self) -> str:
        return "本群还没有绑定，我不在这里说单子。" + self.how_to_bind()

    def group_in_settings(self) -> str:
        return "这个群写在 xiaodan.toml 里，要改请改那里再重启，不然下次启动又会变回去。"

    def foreign_group_admin(self) -> str:
        return (
            "这个群还没有绑定，我不在这里说单子。在这里发「绑定本群 店铺 …」「绑定本群 仓库 …」或「绑定本群 主题 …」就行。"
        )

    def in_directory_without_role(self, name: str) -> str:
        return f"我在通讯录里看到你了，{name}，但你的部门还没有对应的岗位。请店长发「邀请 {name} 岗位」给你一个绑定码。"

    def perhaps_known(self, name: str) -> str:
        return (
            f"你像是 {name}，但这个账号还没有绑定。在你原来的账号上私聊我发「我的绑定码」，"
            "再在这里私聊发「绑定 六位数字」；或请店长邀请。"
        )
