//! A system that the exporter does not know: there are no processes to be seen, and nothing tells of changes.

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
                file::Files,
                gate::Attempt,
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

        /// Says that it does not know how.
        pub fn scan(&self, _: &[u32], _: Files<'_>, _: Now, _: &dyn Wanted) -> Reading<Scan> {
            let detail = "not known how to read them on this operating system";
            Reading::Unknown(Why::new(Reason::Unsupported, "processes", detail))
        }

        /// None.
        pub fn control_groups(&self, _: u32, _: &Attempt) -> Reading<Option<Vec<u8>>> {
            Reading::Known(None)
        }

        pub(in crate::observe) fn revisit(&self, _: FirstProcess, _: &Attempt) -> Reading<Option<Container>> {
            Reading::Known(None)
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
        observe::host::gate::Attempt,
    };

    /// None are known.
    pub(in crate::observe) fn read(_: &Attempt, _: &[&str]) -> Reading<Vec<ServiceFact>> {
        Reading::Known(Vec::new())
    }
}

/// Sources of events: none opens.
pub(super) mod events {
    use std::{collections::BTreeSet, io, task::Context};

    use crate::{
        model::snapshot::Death,
        observe::events::{Changes, WatchPlan, Watched},
    };

    fn unsupported<T>() -> io::Result<T> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "not known how to watch on this operating system"))
    }

    /// Exits of processes.
    #[derive(Debug, Default)]
    pub(in crate::observe) struct Exits;

    impl Exits {
        pub(in crate::observe) fn watch(&mut self, _: &BTreeSet<u32>) -> (Changes, io::Result<()>) {
            (Changes::NONE, unsupported())
        }

        pub(in crate::observe) fn deaths(&mut self) -> Vec<Death> {
            Vec::new()
        }
    }

    /// Files and directories.
    #[derive(Debug)]
    pub(in crate::observe) enum Watches {}

    impl Watches {
        pub(in crate::observe) async fn watch(&mut self, _: WatchPlan) -> Watched {
            match *self {}
        }
    }

    /// Links, addresses and routes.
    #[derive(Debug)]
    pub(in crate::observe) enum Multicast {}

    /// Steps of the clock.
    #[derive(Debug)]
    pub(in crate::observe) enum Setting {}

    macro_rules! never_opens {
        ($($source:ty),*) => {$(
            impl $source {
                pub(in crate::observe) fn open() -> io::Result<Self> {
                    unsupported()
                }
            }
        )*};
    }
    never_opens!(Watches, Multicast, Setting);

    macro_rules! tells_nothing {
        ($($source:ty),*) => {$(
            impl $source {
                pub(in crate::observe) fn poll_ready(&self, _: &mut Context<'_>) -> bool {
                    false
                }

                pub(in crate::observe) fn take(&mut self) -> Changes {
                    Changes::NONE
                }
            }
        )*};
    }
    tells_nothing!(Exits, Watches, Multicast, Setting);
}
