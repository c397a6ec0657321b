//! The documents that the rules come from, as users know them, with the step or section.

macro_rules! sls {
    ($steps:literal) => {
        concat!("Alibaba Cloud SLS: Troubleshoot machine group heartbeat issues, step ", $steps)
    };
}

macro_rules! sls_zh {
    ($section:literal) => {
        concat!("Alibaba Cloud SLS: Logtail 机器无心跳, ", $section)
    };
}

macro_rules! cls {
    ($steps:literal) => {
        concat!("Tencent Cloud CLS: Server group exception, step ", $steps)
    };
}

macro_rules! cls_collection {
    () => {
        "Tencent Cloud CLS: Log collection"
    };
}

pub(super) const INSTALLED: &str = concat!(sls!("1"), "; ", sls_zh!("1"), "; ", cls_collection!());
pub(super) const PROCESSES: &str = concat!(sls!("1"), "; ", cls!("3"));
pub(super) const OWN_PROCESSES: &str = "logagent-exporter";
pub(super) const IP: &str = concat!(sls!("2"), "; ", sls_zh!("3"), "; ", cls!("1"));
pub(super) const IP_SOURCE: &str = concat!("LoongCollector source: MachineInfoUtil.cpp; ", cls!("4"));
pub(super) const STARTUP: &str = concat!(sls!("3"), "; ", sls_zh!("2"), "; ", cls!("4"));
pub(super) const STARTUP_SOURCE: &str =
    concat!(sls!("3"), "; LoongCollector source: JsonUtil.cpp; ", cls!("4"));
pub(super) const OWN_STARTUP: &str = "logagent-exporter, from the vendors' lists of endpoints";
pub(super) const COMMUNITY: &str = "LoongCollector: Comparison of the community and the commercial edition";
pub(super) const NETWORK: &str = concat!(sls!("4"), "; ", sls_zh!("2"), "; ", cls!("2"));
pub(super) const OWN_NETWORK: &str = concat!("logagent-exporter, after ", sls!("4"));
pub(super) const CLOCK: &str =
    concat!(sls!("5"), "; Tencent Cloud API: error code AuthFailure.SignatureExpire");
pub(super) const OWN_CLOCK: &str = concat!("logagent-exporter, after ", sls!("5"));
pub(super) const IDENTIFIER_SOURCE: &str =
    concat!(sls!("7"), "; LoongCollector source: ReloadLogtailSysConf");
pub(super) const RESTART: &str = concat!(sls!("8"), "; ", sls_zh!("3"), "; ", cls!("3"));
pub(super) const OWN_RESTART: &str = concat!("logagent-exporter, after ", sls!("8"));

pub(super) const SLS_1: &str = sls!("1");
pub(super) const SLS_2: &str = sls!("2");
pub(super) const SLS_3: &str = sls!("3");
pub(super) const SLS_4: &str = sls!("4");
pub(super) const SLS_5: &str = sls!("5");
pub(super) const SLS_6: &str = concat!(sls!("6"), "; ", sls_zh!("4"));
pub(super) const METADATA: &str = concat!(
    "Alibaba Cloud SLS: Release notes of Logtail for Linux, 2.1.13; \
     https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata; ",
    sls!("6")
);
pub(super) const SLS_7: &str =
    concat!(sls!("7"), "; Tencent Cloud CLS: Install and deploy LogListener (group_label)");
pub(super) const SLS_3_CLS_2: &str = concat!(sls!("3"), "; ", sls_zh!("2"), "; ", cls!("2"));
pub(super) const SLS_3_CLS_COLLECTION: &str = concat!(sls!("3"), "; ", cls_collection!());
pub(super) const SLS_3_4_CLS_COLLECTION: &str = concat!(sls!("3 and step 4"), "; ", cls_collection!());
pub(super) const SLS_ZH_3: &str = sls_zh!("3");
pub(super) const SLS_ZH_3_CLS_4: &str = concat!(sls_zh!("3"), "; ", cls!("4"));
pub(super) const CLS_3: &str = cls!("3");
pub(super) const CLS_4: &str = cls!("4");
pub(super) const CLS_1_4: &str = cls!("1 and step 4");
pub(super) const CLS_COLLECTION: &str = cls_collection!();
pub(super) const CLS_FAQ: &str = "Tencent Cloud CLS: FAQ on LogListener";

pub(super) const LOGTAIL_RELEASES: &str = "Alibaba Cloud SLS: Release notes of Logtail for Linux";
pub(super) const CONFIG_FORMS: &str = concat!(
    sls!("3"),
    "; aliyun/alibabacloud-aiops-skills: alibabacloud-loongcollector-ops, machine-group.md; \
     alibaba/loongcollector pull request 1071"
);
pub(super) const UNEXPANDED: &str = concat!(
    sls!("7"),
    "; Kubernetes: Define dependent environment variables (a reference that cannot be resolved is left as it is)"
);

pub(super) const REFUSALS: &str =
    "Alibaba Cloud SLS: Error codes; Tencent Cloud CLS: Error codes; LoongCollector source: FlusherSLS.cpp";
pub(super) const HUNG: &str =
    "Alibaba Cloud SLS: Release notes of Logtail for Linux (0.13.7); LoongCollector source: Monitor.cpp";
pub(super) const CHECKPOINTS: &str = "Alibaba Cloud SLS: Release notes of Logtail for Linux (0.13.7); LoongCollector source: CheckPointManager.cpp";
pub(super) const NO_CONFIG: &str = concat!(sls!("1"), ", frequently asked questions");
pub(super) const DISK: &str =
    "Alibaba Cloud SLS: Release notes of Logtail for Linux, 2.1.10; logagent-exporter";
pub(super) const LIMITS: &str =
    "Alibaba Cloud SLS: Manage LoongCollector (Linux), resource limits; LoongCollector source: Monitor.cpp";
pub(super) const CLONED: &str =
    "Alibaba Cloud SLS: Release notes of Logtail for Linux, 0.9.7; LoongCollector source: EcsMetaData.cpp";
