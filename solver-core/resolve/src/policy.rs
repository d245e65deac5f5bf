//! What decides which records exist for a search, and in which order: everything of a request that is not a spec.
//!
//! Two requests with equal policies can be answered by one search instance; their specs, constraints and pins are
//! assumptions of it.

use conda::index::Index;

use crate::request::{ChannelPriority, Request, Strategy, VirtualPackage};

/// The policy of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    pub channel_priority: ChannelPriority,
    pub exclude_newer: Option<u64>,
    pub virtual_packages: Vec<VirtualPackage>,
    low: Low,
    /// For names whose requested spec names a channel: which channels they may come from. Sorted by name.
    channels: Vec<(String, Vec<bool>)>,
}

/// Whose lower versions are the better ones.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Low {
    Nobody,
    Everybody,
    /// Sorted.
    These(Vec<String>),
}

impl Policy {
    pub(crate) fn of(request: &Request, index: &Index) -> Self {
        let mut channels: Vec<(String, Vec<bool>)> = Vec::new();
        for spec in request.specs.iter().filter(|s| s.spec.channel().is_some()) {
            let at = match channels.binary_search_by(|(name, _)| name.cmp(&spec.name)) {
                Ok(at) => at,
                Err(at) => {
                    channels.insert(at, (spec.name.clone(), vec![true; index.channels().len()]));
                    at
                }
            };
            for (ok, channel) in channels[at].1.iter_mut().zip(index.channels()) {
                *ok &= spec.spec.matches_channel(&channel.name, &channel.base_url);
            }
        }
        Policy {
            channel_priority: request.channel_priority,
            exclude_newer: request.exclude_newer,
            virtual_packages: request.virtual_packages.clone(),
            low: match request.strategy {
                Strategy::Highest | Strategy::Ordered => Low::Nobody,
                Strategy::Lowest => Low::Everybody,
                Strategy::LowestDirect => {
                    let mut names: Vec<String> =
                        request.requested_names().iter().map(ToString::to_string).collect();
                    names.sort_unstable();
                    Low::These(names)
                }
            },
            channels,
        }
    }

    /// The channels a name may come from; `None` when its request does not say.
    pub(crate) fn allowed_channels(&self, name: &str) -> Option<&[bool]> {
        let at = self.channels.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&self.channels[at].1)
    }

    /// True when lower versions of this name are the better ones.
    pub(crate) fn prefers_low(&self, name: &str) -> bool {
        match &self.low {
            Low::Nobody => false,
            Low::Everybody => true,
            Low::These(names) => names.binary_search_by(|n| n.as_str().cmp(name)).is_ok(),
        }
    }
}
