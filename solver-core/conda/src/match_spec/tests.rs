//! Small examples of the whole language.
