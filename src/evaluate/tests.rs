//! Rules against tables of facts.
