"""Signature vectors: ours where the platform publishes none, each computed in two independent ways (see the docs page)."""

from __future__ import annotations

APP_KEY = "1234567890123456789"
SECRET = "00000000-1111-2222-3333-444444444444"
TIMESTAMP = "1700003700"
LIST = {
    "order_asc": True,
    "order_by": "update_time",
    "page": 0,
    "size": 100,
    "update_time_end": 1700003600,
    "update_time_start": 1700000000,
}
LIST_JSON = '{"order_asc":true,"order_by":"update_time","page":0,"size":100,"update_time_end":1700003600,"update_time_start":1700000000}'
REMARK_JSON = '{"order_id":"4781320682406083640","remark":"A&B <急> 已联系"}'
PUSH = rb'[{"tag":"101","msg_id":"7022000000000000001","data":"{\"p_id\":4781320682406083640,\"shop_id\":4463798}"}]'
SPI_JSON = '{"page":"0","size":"20"}'

CALLS = (
    ("order.searchList", LIST_JSON, "hmac-sha256", "5441d99dd5cedad460ff97f26f496e096195ef07dc363c735cd70752fbd40c00"),
    ("order.searchList", LIST_JSON, "md5", "7e341d9e44dfe526596e37c7e4046acb"),
    ("order.addOrderRemark", REMARK_JSON, "hmac-sha256", "5232a671189ad736e663cb5831cf6e175ebbd74dfe5b3fd51cb5deb78c97686a"),
)
PUSH_SIGN = "39e64c0cc40e662408e54f1ef3e08d87"
SPI_SIGN = "0d3367f4ed5bcf61476287fa929b61944fb42abde80f2fa97e44af02e0f0ea4c"
SPI_SIGN_MD5 = "78e3b631fd87ec011212e268e9da20df"
