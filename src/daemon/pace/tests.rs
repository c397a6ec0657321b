//! Over events in memory and paused time.
