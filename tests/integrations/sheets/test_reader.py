"""Files of many makers, whole: encodings, maps, grouping, rejects, the wizard."""

from __future__ import annotations

import gzip
from pathlib import Path

import openpyxl
import pytest

from domain.errors import BadInput
from domain.money import Money
from domain.order import Order, Stage
from integrations.sheets import maps
from integrations.sheets.mapping import Reject
from integrations.sheets.reader import OrderFile
from integrations.sheets.reading import open_sheet

TAOBAO = (
    "订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话,联系手机,"
    "订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类,物流单号 ,物流公司,订单备注,宝贝总数量\n"
)
TAOBAO_ROWS = [
    (
        '="3600000000000000001",tb_a,200.00,10.00,210.00,205.00,"买家已付款,等待卖家发货",急用,王小明,浙江省 杭州市 西湖区 文三路1号,快递,,'
        "'13800000001,2026-11-01 10:00:00,2026-11-01 10:01:00,沙发套,1,,,,2\n"
    ),
    (
        '="3600000000000000002",tb_b,"1,200.50",0.00,"1,200.50","1,200.50",交易成功,,李丽,江苏省 苏州市 吴中区 园区路2号,快递,,'
        "'13800000002,2026-11-02 11:00:00,2026-11-02 11:00:30,餐桌,1,No:SF1234567890123,顺丰速运,送货上门,1\n"
    ),
    (
        '="3600000000000000003",tb_c,50.00,0.00,50.00,0.00,交易关闭,,赵四,上海 上海市 浦东新区 世纪大道3号,快递,,'
        "'13800000003,2026-11-03 12:00:00,,靠垫,1,,,,1\n"
    ),
]


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(path: Path, map_name: str, scratch: Path) -> tuple[list[Order], list[Reject], OrderFile]:
    order_file = OrderFile.open(path, map_name)
    orders: list[Order] = []
    rejects: list[Reject] = []
    for batch in order_file.batches(scratch / "rows.tmp", shop="店", size=2):
        orders += batch.orders
        rejects += batch.rejects
    return orders, rejects, order_file


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("map_name", ["taobao", "auto"])
def test_taobao_export_in_every_encoding(tmp_path: Path, encoding: str, map_name: str) -> None:
    path = write(tmp_path, "ExportOrderList.csv", TAOBAO + "".join(TAOBAO_ROWS), encoding)
    orders, rejects, _ = read(path, map_name, tmp_path)
    assert rejects == []
    assert [order.number for order in orders] == [f"360000000000000000{i}" for i in (1, 2, 3)]
    assert [order.stage for order in orders] == [Stage.TO_SHIP, Stage.COMPLETED, Stage.CLOSED_UNPAID]
    assert [order.total.minor for order in orders] == [21000, 120050, 5000]
    assert [order.paid.minor for order in orders] == [20500, 120050, 0]
    assert orders[0].receiver.city == "杭州市"
    assert orders[0].receiver.phone == "13800000001"
    assert orders[0].lines[0].quantity == 2
    assert orders[1].parcels[0].waybill == "SF1234567890123"
    assert all(order.balanced for order in orders)


def test_an_order_exported_twice_is_one_order(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", TAOBAO + TAOBAO_ROWS[0] + TAOBAO_ROWS[1] + TAOBAO_ROWS[0])
    orders, _, _ = read(path, "taobao", tmp_path)
    assert [len(order.lines) for order in orders] == [1, 1]


def test_lines_far_apart_are_one_order_and_credit_notes_are_negative(tmp_path: Path) -> None:
    rows = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    rows += "1,A,CUP,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    rows += "2,B,BOX,1,2010-12-01 08:28:00,0.001,17850.0,United Kingdom\n"
    rows += "1,A,CUP,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    rows += "C3,A,CUP,-2,2010-12-02 08:26:00,2.55,17850.0,United Kingdom\n"
    orders, rejects, _ = read(write(tmp_path, "uci.csv", rows), "uci", tmp_path)
    assert rejects == []
    assert [(order.number, len(order.lines), order.total.minor) for order in orders] == [
        ("1", 2, 3060),
        ("2", 1, 0),
        ("C3", 1, -510),
    ]
    assert orders[2].stage is Stage.CLOSED_REFUNDED
    assert orders[2].refunded == Money(510, "GBP")
    assert orders[0].buyer_key == "17850"


def test_shopify_export_carries_order_fields_on_the_first_row_only(tmp_path: Path) -> None:
    text = (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,"
        "Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,Shipping City,"
        "Shipping Country,Refunded Amount\n"
        "#1001,a@example.com,paid,2026-10-01 10:00:00 +0800,fulfilled,2026-10-02 10:00:00 +0800,USD,90.00,5.00,7.60,102.60,X,10.00,"
        "2026-10-01 09:59:00 +0800,2,Mug,25.00,MUG,Jo,Leeds,GB,0.00\n"
        "#1001,a@example.com,,,,,,,,,,,,,1,Tray,50.00,TRAY,,,,\n"
        "#1002,b@example.com,refunded,2026-10-01 10:00:00 +0800,unfulfilled,,USD,20.00,0.00,0.00,20.00,,0.00,"
        "2026-10-01 09:59:00 +0800,1,Mug,20.00,MUG,Al,York,GB,20.00\n"
    )
    orders, rejects, _ = read(write(tmp_path, "orders_export.csv", text), "auto", tmp_path)
    assert rejects == []
    assert [(o.number, o.stage, o.total.minor, o.refunded.minor, len(o.lines)) for o in orders] == [
        ("#1001", Stage.SHIPPED, 10260, 0, 2),
        ("#1002", Stage.CLOSED_REFUNDED, 2000, 2000, 1),
    ]
    assert all(order.balanced for order in orders)


def test_amazon_prices_are_line_totals(tmp_path: Path) -> None:
    text = (
        "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tproduct-name\tsku\tquantity\tcurrency\t"
        "item-price\tshipping-price\titem-promotion-discount\tship-city\tship-country\n"
        "111-0000001-0000001\t\t2026-10-01T00:00:00+00:00\t2026-10-02T00:00:00+00:00\tShipped\tMug\tMUG\t3\tUSD\t30.00\t4.99\t1.00\tReno\tUS\n"
        "111-0000001-0000001\t\t2026-10-01T00:00:00+00:00\t2026-10-02T00:00:00+00:00\tShipped\tTray\tTRAY\t1\tUSD\t12.00\t\t\tReno\tUS\n"
    )
    [order], rejects, _ = read(write(tmp_path, "all_orders.txt", text), "amazon", tmp_path)
    assert rejects == []
    assert (order.goods.minor, order.freight.minor, order.discount.minor, order.total.minor) == (4200, 499, 100, 4599)
    assert order.lines[0].unit_price == Money(1000, "USD")
    assert order.balanced


def test_olist_tables_are_joined(tmp_path: Path) -> None:
    folder = tmp_path / "olist"
    folder.mkdir()
    write(
        folder,
        "olist_orders_dataset.csv",
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
        "order_delivered_customer_date,order_estimated_delivery_date\n"
        "o1,c1,delivered,2017-10-02 10:56:33,2017-10-02 11:07:15,2017-10-04 19:55:00,2017-10-10 21:25:13,2017-10-18 00:00:00\n"
        "o2,c2,unavailable,2017-10-03 10:56:33,,,,2017-10-18 00:00:00\n",
    )
    write(
        folder,
        "olist_order_items_dataset.csv",
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
        "o1,1,p1,s1,2017-10-06 11:07:15,29.99,8.72\no1,2,p1,s1,2017-10-06 11:07:15,29.99,8.72\n",
    )
    write(
        folder,
        "olist_order_payments_dataset.csv",
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\n"
        "o1,1,credit_card,1,70.00\no1,2,voucher,1,7.42\no2,1,boleto,1,10.00\n",
    )
    write(
        folder,
        "olist_customers_dataset.csv",
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\nc1,u1,14409,franca,SP\nc2,u2,9790,x,SP\n",
    )
    orders, rejects, order_file = read(folder, "auto", tmp_path)
    by_number = {order.number: order for order in orders}
    assert rejects == []
    assert order_file.sheet_map.name == "olist"
    assert by_number["o1"].total == Money(7742, "BRL")
    assert by_number["o1"].paid == Money(7742, "BRL")
    assert len(by_number["o1"].lines) == 2
    assert by_number["o1"].receiver.city == "franca"
    assert by_number["o1"].buyer_key == "u1"
    assert by_number["o2"].stage is Stage.CLOSED_REFUNDED
    assert by_number["o2"].lines == ()


def test_bad_rows_stay_out_with_number_and_reason_and_the_good_ones_go_in(tmp_path: Path) -> None:
    text = (
        "订单号,下单时间,SKU,数量,单价\n"
        "A1,2026-11-01 10:00,S1,1,10\n"
        ",2026-11-01 10:00,S1,1,10\n"
        "6.92001E+18,2026-11-01 10:00,S1,1,10\n"
        "A1,2026-11-01 10:00,S2,一个,10\n"
        "A2,昨天,S1,1,10\n"
        "A3,2026-11-01 10:00,S1,1,10,多,了\n"
        "A4,2026-11-02 10:00,S1,2,5\n"
    )
    orders, rejects, _ = read(write(tmp_path, "mixed.csv", text), "auto", tmp_path)
    assert [(order.number, len(order.lines)) for order in orders] == [("A1", 1), ("A4", 1)]
    assert sorted(reject.row for reject in rejects) == [3, 4, 5, 6, 7]
    assert all(reject.reason for reject in rejects)


def test_the_wizard_refuses_without_an_order_key(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "颜色,尺码\n红,大\n蓝,小\n")
    with pytest.raises(BadInput, match="订单号"):
        OrderFile.open(path, "auto")


def test_the_wizard_says_what_it_assumed_and_sees_day_first_dates(tmp_path: Path) -> None:
    text = "Order ID,Order Date,Product,Qty,Amount,Status\n"
    text += (
        "B1,13/02/2024,Mug,2,20.00,Delivered\nB1,13/02/2024,Tray,1,12.50,Delivered\nB2,03/04/2024,Mug,1,10.00,Cancelled\n"
    )
    orders, _, order_file = read(write(tmp_path, "y.csv", text), "auto", tmp_path)
    assert order_file.sheet_map.day_first is True
    assert [order.total.minor for order in orders] == [3250, 1000]  # the amount differs within B1: it is the line's
    assert orders[1].created_at.month == 4
    assert any("日在前" in note for note in order_file.sheet_map.assumptions)
    assert any("行小计" in note for note in order_file.sheet_map.assumptions)


def test_an_order_total_repeated_on_each_line_is_counted_once(tmp_path: Path) -> None:
    text = "order_id,created_at,sku,quantity,price,order_total\n"
    text += "B1,2024-02-13,M,2,10.00,32.50\nB1,2024-02-13,T,1,12.50,32.50\nB2,2024-02-14,M,1,10.00,10.00\n"
    orders, _, _ = read(write(tmp_path, "z.csv", text), "auto", tmp_path)
    assert [order.total.minor for order in orders] == [3250, 1000]


def test_gzip_and_workbooks_are_read_like_text(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress((TAOBAO + TAOBAO_ROWS[0]).encode("gb18030")))
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["订单编号", "下单时间", "商家编码", "数量", "单价"])
    sheet.append(["3600000000000000009", "2026-11-01 10:00:00", "S1", 2, 9.9])
    sheet.append([3600000000000000009, "2026-11-01 10:00:00", "S1", 2, 9.9])
    book.save(tmp_path / "b.xlsx")
    [order], rejects, _ = read(packed, "taobao", tmp_path)
    assert order.number == "3600000000000000001"
    assert rejects == []
    [order], rejects, _ = read(tmp_path / "b.xlsx", "auto", tmp_path)
    assert (order.number, order.total.minor) == ("3600000000000000009", 1980)
    assert len(rejects) == 1  # the number typed as a number has lost its last digits


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08broken", b"PK\x03\x04nothing", b"\x00\x01\x02"])
def test_what_is_no_table_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        OrderFile.open(path, "auto")


def test_windows_latin_is_not_taken_for_chinese(tmp_path: Path) -> None:
    path = write(tmp_path, "l.csv", "order_id,date,description,qty,price\n1,2024-01-01,café £5 ünï,1,5\n", "cp1252")
    assert open_sheet(path).encoding == "cp1252"


def test_resuming_skips_whole_orders(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", TAOBAO + "".join(TAOBAO_ROWS))
    order_file = OrderFile.open(path, "taobao")
    [batch] = order_file.batches(tmp_path / "s", shop="店", skip=2)
    assert [order.number for order in batch.orders] == ["3600000000000000003"]
    assert batch.position == 3
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("name", maps.shipped())
def test_shipped_maps_are_whole(name: str) -> None:
    loaded = maps.load(name)
    assert loaded.title
    assert any("number" in table.columns for table in loaded.tables)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "columns: {number: A}\nrows: sideways",
        "columns: {nonsense: A}",
        "columns: {sku: A}",
        "a: [",
        "columns: {number: A}\nzone: Mars/X",
    ],
)
def test_a_wrong_map_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "m.yaml", text)
    with pytest.raises(BadInput):
        maps.load(str(path))
