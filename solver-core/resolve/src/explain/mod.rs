//! Why there is no answer: a minimal set of facts that cannot all hold, and what would help.
//!
//! The request is encoded again with every fact behind an assumption of its own (see `encode/guard.rs`). Facts are
//! assumed outwards from the request: first those about the requested packages, then those about what they
//! require, and so on, until no model is left; so a conflict near the request is found before a deep one, and without
//! looking at what lies behind it. The failed assumptions are a core; deletion makes it minimal: the facts left are
//! unsatisfiable together, and without any one of them they are satisfiable.
//!
//! A fact speaks for all records of a name with the same requirement. For the reader it is narrowed to those that the
//! other facts leave (of `numpy`, those that match the requested spec): a record that no fact asks for can be left out of
//! any model, so the narrowed facts contradict each other too, and being weaker they stay minimal.
//!
//! **The request's part comes first.** Of the specs, pins and other things that the user can change, the conflict has a set
//! that is minimal in itself: the rest of the request lifted, and all packages as they are, each of them is needed. (A
//! minimal set of facts alone may blame two specs where one of them cannot be had anyway, for a reason further away.)
//! And where dependencies alone explain the same demands, no `constrains` takes part.
//!
//! What is taken for granted and is no fact: a package can be installed only once, and which records exist.
//!
//! | module | duty |
//! |---|---|
//! | `conflict` | the conflict as data |
//! | `find` | finds a minimal one |
//! | `core::search` | searches in an instance whose facts can be lifted |
//! | `core::whole` | exchanges facts for ones that speak of whole packages |
//! | `core::relax` | the smallest relaxation of a spec that gives an answer |
//! | `facts` | from guards to facts: what they speak for (`describe`), which leads to which (`graph`), which share one sentence (`group`) |
//! | `words` | sentences and the tree (`text`), the culprit in one sentence (`headline`), typos, other channels, later dates (`hints`), names that Python uses (`known_names`) |
//! | `edits` | which edits of the request a conflict suggests, the smallest sets of them that give an answer, command lines |
//! | `further` | what else is wrong with the request |
//! | `spec_union` | what several specs on one package ask for together |
//! | `versions` | ranges of versions as people write them |
//! | `exists` | what there is instead of what is missing |
//! | `other_platforms` | what other platforms have |

pub(crate) mod conflict;
mod core;
mod dates;
mod edits;
mod exists;
mod facts;
pub(crate) mod find;
mod further;
mod other_platforms;
mod spec_union;
mod versions;
mod words;

pub use conflict::{Conflict, Edge, Fact, FactKind, Group, Quantifier};
pub use edits::{CutoffOwner, Edit, Fix, Fixes, LineChange};
pub use words::hints::{Hint, HintKind};
