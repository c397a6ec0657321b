//! 2. Judge. Pure: no clock of its own, no I/O, no async.
