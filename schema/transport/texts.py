"""Every sentence of this layer that a person may read."""

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # The default sentence of each error code.
    "UNAUTHENTICATED": "登录已失效，请重新登录。",
    "FORBIDDEN": "您没有权限执行此操作。",
    "NOT_FOUND": "没有找到该内容，或您无权查看。",
    "BAD_REQUEST": "请求不符合规格。",
    "RATE_LIMITED": "操作过于频繁，请稍后再试。",
    "LIMIT_EXCEEDED": "请求超出了允许的上限。",
    "INTERNAL": "系统开小差了，请稍后再试；如需帮助，请提供追踪号。",
    # HTTP.
    "method": "此地址只接受 POST 请求。",
    "accept": "服务器只能返回 application/graphql-response+json 或 application/json。",
    "content_type": "请求体必须是 UTF-8 的 application/json，或 multipart/form-data。",
    "content_encoding": "不支持压缩的请求体。",
    "body_too_large": "请求体过大，上限为 {limit_bytes} 字节。",
    "body_too_slow": "请求体未能在 {limit_seconds} 秒内传完。",
    "preflight": "上传文件需要 Authorization 请求头，或 GraphQL-Require-Preflight 请求头。",
    "subscription_over_http": "订阅只能通过 WebSocket 使用。",
    # The request.
    "not_json": "请求体不是有效的 UTF-8 JSON，或嵌套过深。",
    "not_object": "请求必须是一个 JSON 对象；不支持批量请求。",
    "member": "请求中的 {member} 必须是{expected}。",
    "document_missing": "请求中缺少 query 或 documentId。",
    "document_twice": "query 与 documentId 不能同时出现。",
    "document_id": 'documentId 的格式应为 "sha256:" 加 64 位小写十六进制。',
    "document_unknown": "没有登记此 documentId。",
    "free_text": "此凭证只能使用已登记的文档（documentId），不能自带 query。",
    "tokens": "文档过长，上限为 {limit} 个词元。",
    "variable": "变量 {variable} 的值不符合类型 {type}{place}。",
    "argument": "参数的值不符合规格，请检查变量是否缺失或为 null。",
    # Multipart.
    "multipart": "multipart 请求体格式错误。",
    "multipart_boundary": "multipart 请求缺少 boundary。",
    "multipart_twice": "multipart 字段 {field} 重复出现。",
    "multipart_missing": "multipart 请求缺少字段 {field}。",
    "multipart_field_is_file": "multipart 字段 {field} 应为文本，不应为文件。",
    "multipart_field_json": "multipart 字段 {field} 不是有效的 UTF-8 JSON。",
    "multipart_fields": "multipart 请求的字段过多。",
    "multipart_files": "每次请求只能上传一个文件。",
    "multipart_map": "map 必须形如 {{文件字段名: [变量路径]}}，且只含一个文件。",
    "multipart_file_missing": "map 所指的文件字段不存在，或该字段不是文件。",
    "multipart_path": "map 中的路径必须以 variables. 开头，并指向一个值为 null 的变量。",
    "upload": "应以 multipart 上传的文件提供此值。",
    # The socket: close reasons.
    "subprotocol": "只支持 graphql-transport-ws 子协议。",
    "init_timeout": "未在规定时间内收到 connection_init。",
    "init_twice": "connection_init 只能发送一次。",
    "not_initialised": "尚未完成 connection_init。",
    "message": "消息不符合 graphql-transport-ws 协议。",
    "operation_in_use": "该 id 的操作仍在进行。",
    "operations": "同时进行的操作过多，每个连接最多 {limit} 个。",
    "lifetime": "连接已到时限，请重新连接。",
    "draining": "服务正在更新，请重新连接。",
    "overloaded": "服务繁忙，请稍后重新连接。",
}
"""Sentences by key; those with braces are formatted by their one user."""
