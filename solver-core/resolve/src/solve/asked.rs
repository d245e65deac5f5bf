//! A request in the terms of an instance: names, specs, literals.

use cdcl::Lit;
use rustc_hash::FxHashSet;

use crate::encode::{Instance, RequestedSpecs};
use crate::request::{Request, RequestSpec};
use crate::universe::{ExtraId, NameId, SpecIdx};

/// A request in the terms of an instance.
pub(crate) struct Asked {
    /// Requested names, each once, in order.
    pub requested: Vec<NameId>,
    /// What the request asks of names, where it asks more than presence.
    pub requested_specs: RequestedSpecs,
    /// The same for specs with conditions.
    pub sometimes: RequestedSpecs,
    /// Extras that the request names.
    pub extras: Vec<ExtraId>,
    /// Literals that say all of it, each once; `None` when a part can never hold.
    pub base: Option<Vec<Lit>>,
    assumed: FxHashSet<Lit>,
}

impl Asked {
    pub(crate) fn of(inst: &mut Instance, request: &Request) -> Self {
        let mut asked = Asked {
            requested: Vec::new(),
            requested_specs: RequestedSpecs::default(),
            sometimes: RequestedSpecs::default(),
            extras: Vec::new(),
            base: Some(Vec::new()),
            assumed: FxHashSet::default(),
        };
        if let Some(ruled) = inst.ruled {
            asked.assume(ruled);
        }
        let mut seen: FxHashSet<NameId> = FxHashSet::default();
        for spec in &request.specs {
            let id = inst.u.parsed_spec(&spec.text, &spec.spec);
            match inst.demand(id) {
                Some(lits) => lits.into_iter().for_each(|lit| asked.assume(lit)),
                None => asked.must(false),
            }
            let entry = &inst.u.specs[id];
            if entry.on_virtual.is_some() {
                continue;
            }
            let name = entry.name;
            if seen.insert(name) {
                asked.requested.push(name);
                inst.reach(name);
            }
            let entry = &inst.u.specs[id];
            asked.extras.extend_from_slice(entry.extras());
            let whole = entry.span() == Some(0..inst.u.names[name].len());
            match inst.u.applies(id) {
                Some(true) if !whole => asked.requested_specs.entry(name).or_default().push(id),
                None => asked.sometimes.entry(name).or_default().push(id),
                Some(_) => {}
            }
        }
        for spec in request.constraints.iter().chain(&request.pins) {
            asked.constrain(inst, spec);
        }
        asked
    }

    fn constrain(&mut self, inst: &mut Instance, spec: &RequestSpec) {
        let id: SpecIdx = inst.u.parsed_spec(&spec.text, &spec.spec);
        match inst.limit(id) {
            Some(Some(lit)) => self.assume(lit),
            Some(None) => {}
            None => self.must(false),
        }
    }

    pub(crate) fn must(&mut self, holds: bool) {
        if !holds {
            self.base = None;
        }
    }

    pub(crate) fn assume(&mut self, lit: Lit) {
        if let Some(base) = &mut self.base {
            if self.assumed.insert(lit) {
                base.push(lit);
            }
        }
    }
}
