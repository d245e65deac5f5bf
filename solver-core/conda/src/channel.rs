//! Placeholder of the channel module.
