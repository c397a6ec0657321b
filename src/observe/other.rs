//! A system that the exporter does not support: no processes are visible, and there are no events.

/// The exporter's own process.
pub(super) mod own {
    use crate::model::own::SelfFacts;

    pub(in crate::observe) fn read() -> Option<SelfFacts> {
        None
    }
}

/// The host's processes.
pub(super) mod process {
    use std::path::Path;

    use crate::{
        model::{Reading, Reason, Why},
        observe::{
            host::{
                blocking::Attempt,
                file::Files,
                process::{Container, FirstProcess, Scan, Wanted},
            },
            time::Now,
        },
    };

    /// No processes.
    #[derive(Debug, Clone)]
    pub struct Procfs;

    impl Procfs {
        pub(in crate::observe) fn find(_: Files<'_>, _: Option<&Path>) -> Self {
            Self
        }

        /// The error of an unsupported system.
        pub fn scan(&self, _: &[u32], _: Files<'_>, _: Now, _: &dyn Wanted) -> Reading<Scan> {
            let detail = "reading them is not supported on this operating system";
            Reading::Unknown(Why::new(Reason::Unsupported, "processes", detail))
        }

        /// There are none.
        pub fn control_groups(&self, _: u32, _: &Attempt) -> Reading<Option<Vec<u8>>> {
            Reading::Known(None)
        }

        pub(in crate::observe) fn revisit(&self, _: FirstProcess, _: &Attempt) -> Reading<Option<Container>> {
            Reading::Known(None)
        }

        pub(in crate::observe) fn runs(&self, _: FirstProcess, _: &Attempt) -> bool {
            true
        }

        pub(in crate::observe) fn first_of_pod(&self, _: Files<'_>) -> Option<FirstProcess> {
            None
        }

        pub(in crate::observe) fn is_of_own_namespace(&self) -> bool {
            false
        }
    }
}

/// Services by name.
pub(super) mod services {
    use crate::{
        model::{Reading, snapshot::ServiceFact},
        observe::host::blocking::Attempt,
    };

    /// There are none.
    pub(in crate::observe) fn read(_: &Attempt, _: &[&str]) -> Reading<Vec<ServiceFact>> {
        Reading::Known(Vec::new())
    }
}

#[path = "untold.rs"]
mod untold;

/// Sources of events: none can be opened.
pub(super) mod events {
    use crate::observe::events::{WatchPlan, Watched};

    pub(in crate::observe) use super::untold::{
        Exits, Untold as Multicast, Untold as Setting, Untold as Watches,
    };

    impl Watches {
        pub(in crate::observe) async fn watch(&mut self, _: WatchPlan) -> Watched {
            match *self {}
        }
    }
}
