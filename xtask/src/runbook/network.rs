//! Runbooks of `network`.

use logagent_exporter::model::Text;

use super::Runbook;

/// The impact of an unreachable endpoint.
const UNREACHABLE: Text = Text {
    en: "If it is the config server: no heartbeat, and no new collection configs. If it is the data server or a project: \
        logs wait on the host until its buffer is full or they are rotated away, and then they are lost.",
    zh: "如果是配置服务器：没有心跳，也获取不到新的采集配置。如果是数据服务器或 Project：日志滞留在本机，缓冲写满或被轮转\
        删除后将丢失。",
};

const PHASES: Text = Text {
    en: "The last line before the end shows how far it got: name, connection, TLS, answer. \
        `logagent_endpoint_phase_duration_seconds` has the same phases; the first one that is absent is the one that fails. \
        If many hosts fail at once, look at what they share first: service, proxy, firewall, DNS.",
    zh: "结束前的最后一行说明进行到哪一步：域名解析、连接、TLS、应答。`logagent_endpoint_phase_duration_seconds` 有相同的\
        阶段，第一个缺失的阶段就是失败的阶段。如果大量主机同时失败，请先检查它们共用的部分：服务、代理、防火墙、DNS。",
};

const CERTIFICATE: Text = Text {
    en: "An issuer that is your own company or a security product means that a device on the path intercepts TLS. \
        `notAfter` is the end of validity.",
    zh: "如果颁发者是本公司或安全产品，说明链路上有设备拦截了 TLS。`notAfter` 为证书到期时间。",
};

static DNS_FAILURE: Runbook = Runbook {
    cause: "dns_failure",
    impact: UNREACHABLE,
    sample: &[("url", "http://logtail.cn-hangzhou.log.aliyuncs.com"), ("failure", "no such name")],
    session: "$ getent ahosts logtail.cn-hangzhou.log.aliyuncs.com; echo \"exit status $?\"\nexit status 2\n\
        $ grep nameserver /etc/resolv.conf\nnameserver 100.100.2.136",
    reading: Text {
        en: "Status 2: no such name, or no name server answers. Try a name that must exist, such as aliyun.com.",
        zh: "状态 2 表示域名不存在或 DNS 服务器无应答。可再解析一个必定存在的域名（如 aliyun.com）进行对比。",
    },
};

static RESOLVER_FAILURE: Runbook = Runbook {
    cause: "resolver_failure",
    impact: Text {
        en: "No heartbeat, no new collection configs; logs wait on the host until its buffer is full or they are rotated \
            away, and then they are lost.",
        zh: "没有心跳，获取不到新的采集配置；日志滞留在本机，缓冲写满或被轮转删除后将丢失。",
    },
    sample: &[
        ("names", "cn-hangzhou.log.aliyuncs.com, logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "Temporary failure in name resolution"),
    ],
    session: "$ getent ahosts logtail.cn-hangzhou.log.aliyuncs.com; echo \"exit status $?\"\nexit status 2\n\
        $ grep nameserver /etc/resolv.conf\nnameserver 100.100.2.136",
    reading: Text {
        en: "Every name fails in the same way, after a wait: the name servers do not answer. A name that does not exist \
            would fail at once, and alone.",
        zh: "所有域名都以同样的方式失败，且需要等待：说明 DNS 服务器没有应答。如果只是域名不存在，会立即失败，且只有该域名失败。",
    },
};

static PROXY_UNREACHABLE: Runbook = Runbook {
    cause: "proxy_unreachable",
    impact: UNREACHABLE,
    sample: &[("proxy", "http://10.0.0.9:3128"), ("failure", "Connection refused")],
    session: "$ curl -sS -o /dev/null -m 10 -x http://10.0.0.9:3128 http://aliyun.com/\n\
        curl: (7) Failed to connect to 10.0.0.9 port 3128 after 0 ms: Couldn't connect to server",
    reading: Text {
        en: "The connection to the proxy itself fails; nothing is known of the endpoints behind it.",
        zh: "到代理本身的连接失败，代理之后的服务地址状态未知。",
    },
};

static CONNECTION_REFUSED: Runbook = Runbook {
    cause: "connection_refused",
    impact: UNREACHABLE,
    sample: &[
        ("url", "http://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "192.0.2.10:80: connection refused"),
    ],
    session: "$ curl -v -m 10 http://logtail.cn-hangzhou.log.aliyuncs.com\n*   Trying 192.0.2.10:80...\n\
        * connect to 192.0.2.10 port 80 failed: Connection refused",
    reading: PHASES,
};

static CONNECTION_TIMEOUT: Runbook = Runbook {
    cause: "connection_timeout",
    impact: UNREACHABLE,
    sample: &[
        ("url", "http://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "192.0.2.10:80: no connection within 5s"),
    ],
    session: "$ curl -v -m 10 http://logtail.cn-hangzhou.log.aliyuncs.com\n*   Trying 192.0.2.10:80...\n\
        * Connection timed out after 10001 milliseconds",
    reading: PHASES,
};

static NETWORK_UNREACHABLE: Runbook = Runbook {
    cause: "network_unreachable",
    impact: UNREACHABLE,
    sample: &[
        ("url", "http://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "192.0.2.10:80: network is unreachable"),
    ],
    session: "$ ip route get 192.0.2.10\nRTNETLINK answers: Network is unreachable\n$ ip route show default\n",
    reading: Text { en: "No default route is listed.", zh: "没有默认路由。" },
};

static TLS_FAILURE: Runbook = Runbook {
    cause: "tls_failure",
    impact: UNREACHABLE,
    sample: &[
        ("url", "https://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "the connection was closed during the handshake"),
    ],
    session: "$ curl -v -m 10 https://logtail.cn-hangzhou.log.aliyuncs.com\n*   Trying 192.0.2.10:443...\n\
        * Connected to logtail.cn-hangzhou.log.aliyuncs.com (192.0.2.10) port 443\n\
        * TLSv1.3 (OUT), TLS handshake, Client hello (1):\n* Recv failure: Connection reset by peer",
    reading: PHASES,
};

static CERTIFICATE_UNTRUSTED: Runbook = Runbook {
    cause: "certificate_untrusted",
    impact: UNREACHABLE,
    sample: &[("url", "https://logtail.cn-hangzhou.log.aliyuncs.com"), ("failure", "unknown issuer")],
    session: "$ openssl s_client -connect logtail.cn-hangzhou.log.aliyuncs.com:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer -enddate\n\
        issuer=O = Example Corp, CN = Example Corp Inspection CA\nnotAfter=Jan  1 00:00:00 2030 GMT",
    reading: CERTIFICATE,
};

static CERTIFICATE_EXPIRED: Runbook = Runbook {
    cause: "certificate_expired",
    impact: UNREACHABLE,
    sample: &[("url", "https://logs.example.com"), ("failure", "expired on 2026-06-30T23:59:59Z")],
    session: "$ openssl s_client -connect logs.example.com:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer -enddate; date -u\n\
        issuer=C = US, O = Example Trust, CN = Example Trust R3\nnotAfter=Jun 30 23:59:59 2026 GMT\nWed Jul  1 08:00:00 UTC 2026",
    reading: CERTIFICATE,
};

static CERTIFICATE_EXPIRING: Runbook = Runbook {
    cause: "certificate_expiring",
    impact: Text {
        en: "None until then; afterwards no request over HTTPS succeeds.",
        zh: "到期前没有影响；到期后所有 HTTPS 请求都会失败。",
    },
    sample: &[("url", "https://logs.example.com"), ("not_after", "2026-07-10T23:59:59Z")],
    session: "$ openssl s_client -connect logs.example.com:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer -enddate\n\
        issuer=C = US, O = Example Trust, CN = Example Trust R3\nnotAfter=Jul 10 23:59:59 2026 GMT",
    reading: CERTIFICATE,
};

static RESPONSE_TIMEOUT: Runbook = Runbook {
    cause: "response_timeout",
    impact: UNREACHABLE,
    sample: &[("url", "http://logtail.cn-hangzhou.log.aliyuncs.com"), ("failure", "no answer within 5s")],
    session: "$ curl -v -m 30 http://logtail.cn-hangzhou.log.aliyuncs.com\n*   Trying 192.0.2.10:80...\n\
        * Connected to logtail.cn-hangzhou.log.aliyuncs.com (192.0.2.10) port 80\n> GET / HTTP/1.1\n\
        * Operation timed out after 30001 milliseconds with 0 bytes received",
    reading: PHASES,
};

static UNEXPECTED_RESPONSE: Runbook = Runbook {
    cause: "unexpected_response",
    impact: UNREACHABLE,
    sample: &[
        ("url", "http://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "status 200 without x-log-requestid"),
    ],
    session: "$ curl -i -m 10 http://logtail.cn-hangzhou.log.aliyuncs.com\nHTTP/1.1 200 OK\nServer: portal\n\n\
        <html><title>Login</title>",
    reading: Text {
        en: "The service itself answers `{\"Error\":{\"Code\":\"OLSInvalidMethod\"…}}` or with a header `x-log-requestid`; anything \
            else comes from a device on the path.",
        zh: "日志服务会返回 `{\"Error\":{\"Code\":\"OLSInvalidMethod\"…}}` 或带有 `x-log-requestid` 响应头；其他应答都来自链路上的设备。",
    },
};

static INTRANET_ENDPOINT_UNREACHABLE: Runbook = Runbook {
    cause: "intranet_endpoint_unreachable",
    impact: UNREACHABLE,
    sample: &[
        ("url", "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com"),
        ("failure", "100.118.28.10:80: no connection within 5s"),
    ],
    session: "$ curl -v -m 10 http://logtail.cn-hangzhou-intranet.log.aliyuncs.com\n*   Trying 100.118.28.10:80...\n\
        * Connection timed out after 10001 milliseconds",
    reading: PHASES,
};

static HTTPS_UNREACHABLE: Runbook = Runbook {
    cause: "https_unreachable",
    impact: Text {
        en: "The agent authenticates itself over port 443, so it gets no collection configs, and its heartbeat can fail.",
        zh: "客户端通过 443 端口鉴权，因此获取不到采集配置，心跳也可能失败。",
    },
    sample: &[
        ("url", "https://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "192.0.2.10:443: no connection within 5s"),
    ],
    session: "$ for s in http https; do curl -s -o /dev/null -m 10 -w \"$s %{http_code}\\n\" $s://logtail.cn-hangzhou.log.aliyuncs.com; done\n\
        http 405\nhttps 000",
    reading: Text {
        en: "`000`: no answer over HTTPS. Port 443 is blocked on the path.",
        zh: "`000` 表示 HTTPS 无应答：链路上的 443 端口被阻断。",
    },
};

static ADMIN_ENDPOINT_UNREACHABLE: Runbook = Runbook {
    cause: "admin_endpoint_unreachable",
    impact: Text {
        en: "None for heartbeat and logs. Collection errors of this host may be missing in the console.",
        zh: "不影响心跳和日志；控制台中可能看不到本机的采集错误。",
    },
    sample: &[
        ("url", "http://ali-cn-hangzhou-sls-admin.cn-hangzhou.log.aliyuncs.com"),
        ("failure", "192.0.2.11:80: no connection within 5s"),
    ],
    session: "$ curl -s -m 10 http://ali-cn-hangzhou-sls-admin.cn-hangzhou.log.aliyuncs.com; echo \"exit status $?\"\nexit status 28",
    reading: PHASES,
};

static SERVER_REJECTS: Runbook = Runbook {
    cause: "server_rejects",
    impact: Text {
        en: "What is refused is not collected: the agent tries again for up to six hours and then drops it. With a \
            refused key or time the heartbeat fails too.",
        zh: "被拒绝的日志不会入库：客户端最多重试 6 小时，之后丢弃。如果是密钥或时间被拒绝，心跳也会失败。",
    },
    sample: &[("code", "Unauthorized"), ("last", "2026-07-01T09:12:31Z")],
    session: "$ grep 'error code:' /usr/local/ilogtail/loongcollector.LOG | tail -n 1 | tr '\\t' '\\n' | grep -E '^(operation|status code|error code|errMsg):'\n\
        operation:retry later\nstatus code:401\nerror code:Unauthorized\nerrMsg:denied by sts or ram, action: log:PostLogStoreLogs",
    reading: Text {
        en: "`error code` is the code of the service; `errMsg` often names the missing permission.",
        zh: "`error code` 是服务端返回的错误码；`errMsg` 通常会指出缺少的权限。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
    &DNS_FAILURE,
    &CONNECTION_REFUSED,
    &CONNECTION_TIMEOUT,
    &NETWORK_UNREACHABLE,
    &TLS_FAILURE,
    &CERTIFICATE_UNTRUSTED,
    &CERTIFICATE_EXPIRED,
    &CERTIFICATE_EXPIRING,
    &RESPONSE_TIMEOUT,
    &UNEXPECTED_RESPONSE,
    &INTRANET_ENDPOINT_UNREACHABLE,
    &HTTPS_UNREACHABLE,
    &ADMIN_ENDPOINT_UNREACHABLE,
    &RESOLVER_FAILURE,
    &PROXY_UNREACHABLE,
    &SERVER_REJECTS,
];
