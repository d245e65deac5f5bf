//! The rules, each over all records of an answer.

use conda::index::{ChannelInfo, Index, RecordId};
use conda::match_spec::MatchSpec;
use conda::record::PackageRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use super::subject::{Found, Origin, Specs, Subject, Wanted};
use crate::graph::reachability::asks_of_record;
use crate::graph::sides::Sides;
use crate::ids::Id;
use crate::request::{ChannelPriority, Cutoffs, Deps, Mode, Request};

/// Everything the checker looks things up in.
pub(super) struct Checker<'c> {
    subjects: &'c [Subject<'c>],
    virtuals: Vec<Subject<'c>>,
    /// Positions of the subjects.
    by_name: FxHashMap<&'c str, u32>,
    virtual_names: FxHashSet<&'c str>,
    installed: FxHashMap<&'c str, &'c PackageRecord>,
    broken: Vec<String>,
}

impl<'c> Checker<'c> {
    /// A checker of `subjects` on a target with these [`virtual_records`].
    pub(super) fn new(
        subjects: &'c [Subject<'c>],
        virtuals: &'c [PackageRecord],
        request: &'c Request,
    ) -> Self {
        let installed = request.environment.iter().flat_map(|e| &e.installed);
        Checker {
            subjects,
            virtuals: virtuals.iter().map(Subject::from_record).collect(),
            by_name: subjects.iter().map(|s| s.name).zip(0..).collect(),
            virtual_names: virtuals.iter().map(|v| v.name.as_str()).collect(),
            installed: installed.map(|r| (r.name.as_str(), r)).collect(),
            broken: Vec::new(),
        }
    }

    /// Whether the environment of the request has this record already.
    pub(super) fn is_installed(&self, subject: &Subject<'_>) -> bool {
        self.installed
            .get(subject.name)
            .is_some_and(|r| r.is_same_package(subject.whole()))
    }

    pub(super) fn run(
        subjects: &'c [Subject<'c>],
        virtuals: &'c [PackageRecord],
        request: &'c Request,
        index: Option<&Index>,
    ) -> Vec<String> {
        let mut checker = Checker::new(subjects, virtuals, request);
        let mut first: FxHashMap<&str, &Subject<'_>> = FxHashMap::default();
        for subject in subjects {
            if let Some(other) = first.insert(subject.name, subject) {
                checker.broken.push(format!(
                    "two records have the name {}: {} and {}",
                    subject.name,
                    other.label(),
                    subject.label()
                ));
            }
        }
        checker.specs(request);
        checker.kept(request);
        checker.dependencies(request);
        checker.constraints(request);
        checker.frozen(request);
        checker.policy(request);
        if let Some(index) = index {
            checker.channels(request, index);
        }
        checker.nothing_superfluous(request, index);
        checker.nothing_needed_leaves(request, index);
        checker.broken
    }

    fn subject(&self, name: &str) -> Option<&'c Subject<'c>> {
        let at = self.by_name.get(name)?;
        self.subjects.get(at.place())
    }

    /// What a name stands for: the record and the virtual packages of that name.
    fn present<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Subject<'c>> {
        let record = self.subject(name);
        let virtuals = match self.virtual_names.contains(name) {
            true if record.is_none() || name.starts_with("__") => &self.virtuals[..],
            _ => &[],
        };
        record
            .into_iter()
            .chain(virtuals.iter().filter(move |v| v.name == name))
    }

    pub(super) fn satisfied(&self, wanted: &Wanted<'_>) -> bool {
        match wanted {
            Wanted::Simple(_, Found::Nothing) => false,
            Wanted::Simple(spec, Found::Record(at)) => self.subjects[at.place()].fits(spec),
            _ => wanted
                .name()
                .is_some_and(|name| self.present(name).any(|s| s.matches(wanted))),
        }
    }

    /// Whether the condition of a dependency holds (CEP 43); one without a condition always applies.
    pub(super) fn applies(&self, wanted: &Wanted<'_>) -> bool {
        match wanted {
            Wanted::Parsed(_, spec) => self.in_force(spec),
            _ => true,
        }
    }

    fn in_force(&self, spec: &MatchSpec) -> bool {
        spec.when()
            .is_none_or(|condition| condition.holds(&mut |leaf| self.met(leaf)))
    }

    /// Whether something present matches, its condition aside.
    fn met(&self, spec: &MatchSpec) -> bool {
        let matches = |s: &Subject<'_>| spec.matches(s.whole());
        spec.name_exact()
            .is_some_and(|name| self.present(name).any(matches))
    }

    /// The optional groups (package, group) that specs of a request, records or other groups ask for where they apply.
    pub(super) fn active(&self, specs: &[&'c MatchSpec]) -> FxHashSet<(&'c str, &'c str)> {
        let mut active: FxHashSet<(&'c str, &'c str)> = FxHashSet::default();
        // Groups that no record has ask for nothing and are left out.
        let group = |name: &str, extra: &String| {
            let subject = self.subject(name)?;
            let (group, list) = subject.extras.iter().find(|(group, _)| group == extra)?;
            Some((subject.name, *group, list))
        };
        let mut open: Vec<(&'c str, &'c str, &'c Specs<'c>)> = Vec::new();
        for spec in specs.iter().filter(|spec| self.in_force(spec)) {
            let name = spec.name_exact().unwrap_or_default();
            open.extend(spec.extras().iter().filter_map(|e| group(name, e)));
        }
        let ask = |wanted: &'c Wanted<'c>| {
            let extras = match wanted.extras() {
                [] => &[],
                extras if self.applies(wanted) => extras,
                _ => &[],
            };
            let named = move |e| group(wanted.name()?, e);
            extras.iter().filter_map(named)
        };
        for subject in self.subjects {
            open.extend(subject.depends.iter().flat_map(ask));
        }
        while let Some((name, group, list)) = open.pop() {
            if active.insert((name, group)) {
                open.extend(list.iter().flat_map(ask));
            }
        }
        active
    }

    /// True unless a package of the spec's name is present and does not match.
    pub(super) fn respected(&self, wanted: &Wanted<'_>) -> bool {
        match wanted {
            Wanted::Simple(_, Found::Nothing) => true,
            Wanted::Simple(spec, Found::Record(at)) => self.subjects[at.place()].fits(spec),
            _ => wanted
                .name()
                .is_none_or(|name| self.present(name).all(|s| s.matches(wanted))),
        }
    }

    /// Whether a dependency does not hold; one that cannot be read does not.
    pub(super) fn lacks(&self, wanted: &Wanted<'_>) -> bool {
        self.applies(wanted) && !self.satisfied(wanted)
    }

    /// Whether a constraint does not hold; one that cannot be read does not.
    pub(super) fn breaks(&self, wanted: &Wanted<'_>) -> bool {
        matches!(wanted, Wanted::Unreadable(_)) || self.applies(wanted) && !self.respected(wanted)
    }

    fn specs(&mut self, request: &Request) {
        let removes = request
            .environment
            .as_ref()
            .is_some_and(|e| e.mode == Mode::Remove);
        for spec in &request.specs {
            if removes {
                if self.subjects.iter().any(|s| spec.spec.matches(s.whole())) {
                    self.broken
                        .push(format!("'{}' was to be removed and is there", spec.text));
                }
                continue;
            }
            if self.in_force(&spec.spec) && !self.met(&spec.spec) {
                self.broken.push(format!(
                    "the requested spec '{}' is not satisfied",
                    spec.text
                ));
            }
        }
    }

    /// What was asked for earlier and must stay does.
    fn kept(&mut self, request: &Request) {
        for spec in request.kept_specs() {
            if !self.met(&spec.spec) {
                let told = format!(
                    "'{}' was asked for earlier, and nothing matches it",
                    spec.text
                );
                self.broken.push(told);
            }
        }
    }

    fn dependencies(&mut self, request: &'c Request) {
        let removes = request
            .environment
            .as_ref()
            .is_some_and(|e| e.mode == Mode::Remove);
        let specs: Vec<&MatchSpec> = request
            .specs
            .iter()
            .filter(|_| !removes)
            .map(|s| &s.spec)
            .collect();
        let active = self.active(&specs);
        for subject in self.subjects {
            let groups = subject
                .extras
                .iter()
                .filter(|(group, _)| active.contains(&(subject.name, *group)))
                .flat_map(|(_, list)| list);
            for wanted in subject.depends.iter().chain(groups) {
                if let Wanted::Unreadable(text) = wanted {
                    self.broken.push(format!(
                        "{} depends on '{text}', which cannot be read",
                        subject.label()
                    ));
                } else if self.applies(wanted) && !self.satisfied(wanted) {
                    self.broken.push(format!(
                        "{} depends on '{}', which is not satisfied",
                        subject.label(),
                        wanted.text()
                    ));
                }
            }
            for wanted in &subject.constrains {
                if let Wanted::Unreadable(text) = wanted {
                    self.broken.push(format!(
                        "{} constrains '{text}', which cannot be read",
                        subject.label()
                    ));
                } else if self.applies(wanted) && !self.respected(wanted) {
                    self.broken.push(format!(
                        "{} constrains '{}', which is violated",
                        subject.label(),
                        wanted.text()
                    ));
                }
            }
        }
    }

    /// Constraints and pins; a removal chooses nothing, so what they say of the packages that stay is no rule for it.
    fn constraints(&mut self, request: &Request) {
        let removes = request
            .environment
            .as_ref()
            .is_some_and(|e| e.mode == Mode::Remove);
        if !removes {
            let broken = self.broken_limits(request);
            self.broken.extend(broken);
        }
    }

    pub(super) fn broken_limits(&self, request: &Request) -> Vec<String> {
        let limits = [("constraint", &request.constraints), ("pin", &request.pins)];
        let every = limits
            .iter()
            .flat_map(|(kind, specs)| specs.iter().map(move |spec| (kind, spec)));
        every
            .filter(|(_, spec)| {
                let matches = |s: &Subject<'_>| spec.spec.matches(s.whole());
                let name = spec.spec.name_exact();
                let respected = name.is_none_or(|name| self.present(name).all(matches));
                self.in_force(&spec.spec) && !respected
            })
            .map(|(kind, spec)| format!("the {kind} '{}' is violated", spec.text))
            .collect()
    }

    /// What is frozen has no other record, unless a requested spec does not match it.
    fn frozen(&mut self, request: &Request) {
        let Some(environment) = request.environment.as_ref() else {
            return;
        };
        if !environment.freeze_installed || environment.mode == Mode::Remove {
            return;
        }
        let mut asked: FxHashMap<&str, Vec<&MatchSpec>> = FxHashMap::default();
        for spec in &request.specs {
            asked.entry(&spec.name).or_default().push(&spec.spec);
        }
        for record in &environment.installed {
            // What nothing needs any more leaves all the same (rule 5, and `prune`).
            let stays = self
                .subject(&record.name)
                .is_none_or(|s| s.whole().is_same_package(record));
            let specs = asked.get(record.name.as_str());
            if !stays && specs.is_none_or(|specs| specs.iter().all(|s| s.matches(record))) {
                self.broken.push(format!(
                    "{} {} {} is frozen and has changed",
                    record.name, record.version, record.build
                ));
            }
        }
    }

    /// Cut-offs, deny list and licences; what is installed may stay.
    fn policy(&mut self, request: &Request) {
        if request.cutoffs == Cutoffs::default()
            && request.deny.is_empty()
            && request.licenses.is_free()
        {
            return;
        }
        for subject in self.subjects {
            if self.is_installed(subject) {
                continue;
            }
            let record = subject.whole();
            let channel = ChannelInfo {
                name: record.channel.clone(),
                base_url: record.channel.clone(),
            };
            let when = record.indexed_timestamp.unwrap_or(record.timestamp);
            if request
                .cutoffs
                .of(subject.name, &channel)
                .is_some_and(|cutoff| when > cutoff)
            {
                self.broken
                    .push(format!("{} is newer than the cut-off", subject.label()));
            }
            if let Some(spec) = request.deny.iter().find(|spec| spec.matches(record)) {
                let why = request.deny_reason(record);
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                self.broken
                    .push(format!("{} is denied by '{spec}'{why}", subject.label()));
            }
            if !request.licenses.allows(record.license.as_deref()) {
                self.broken
                    .push(format!("the licence of {} is not allowed", subject.label()));
            }
        }
    }

    /// Each record is in the index, and in the channel that strict priority (or the user's spec) leaves to its name.
    fn channels(&mut self, request: &Request, index: &Index) {
        let mut from_channels: FxHashMap<&str, Vec<&MatchSpec>> = FxHashMap::default();
        for spec in request.specs.iter().filter(|s| s.spec.channel().is_some()) {
            from_channels
                .entry(&spec.name)
                .or_default()
                .push(&spec.spec);
        }
        let strict = request.channel_priority == ChannelPriority::Strict;
        for subject in self.subjects {
            if self.is_installed(subject) {
                continue;
            }
            let mut usable: Option<usize> = None;
            let mut found = false;
            for (position, member) in index
                .segments()
                .iter()
                .enumerate()
                .filter(|(_, m)| !m.installed)
            {
                let package = match &subject.origin {
                    // A record of the index is in its segment; another channel matters only where strict priority
                    // may prefer it.
                    Origin::Index(_, at) if at.segment as usize == position => None,
                    Origin::Index(_, at)
                        if !strict || member.channel >= index.member(at.segment).channel =>
                    {
                        continue;
                    }
                    _ => match member.segment.find_package(subject.name) {
                        None => continue,
                        found => found,
                    },
                };
                let channel = &index.channels()[member.channel];
                let specs = from_channels.get(subject.name);
                if specs.is_some_and(|specs| {
                    let from = |s: &&MatchSpec| s.matches_channel(&channel.name, &channel.base_url);
                    !specs.iter().all(from)
                }) {
                    continue;
                }
                if strict && *usable.get_or_insert(member.channel) != member.channel {
                    continue;
                }
                found |= match &subject.origin {
                    Origin::Index(_, at) => at.segment as usize == position,
                    Origin::Owned(record) => {
                        channel.name == record.channel
                            && member.segment.subdir() == record.subdir
                            && package
                                .into_iter()
                                .flat_map(|package| member.segment.records(package))
                                .any(|r| member.segment.file_name(RecordId(r)) == record.file_name)
                    }
                };
            }
            if !found {
                self.broken.push(format!(
                    "{} of channel {} is not among the records its name may come from",
                    subject.label(),
                    subject.whole().channel
                ));
            }
        }
    }

    /// Every record is reachable from what was asked for now or before, or was unneeded before too.
    fn nothing_superfluous(&mut self, request: &'c Request, index: Option<&Index>) {
        let environment = request.environment.as_ref();
        let removes = environment.is_some_and(|e| e.mode == Mode::Remove);
        let asked = request
            .specs
            .iter()
            .filter(|_| !removes)
            .map(|s| s.name.as_str());
        let mut roots: Vec<&str> = asked.collect();
        let sides = environment.map(|environment| Sides::of(environment, index));
        if let Some((environment, sides)) = environment.zip(sides.as_ref()) {
            roots.extend(environment.roots());
            if !environment.prune {
                roots.extend(sides.unneeded(environment));
                // Which dependencies joined the requested is known where the answer was found.
                if environment.update_deps && environment.joined.is_empty() {
                    roots.extend(environment.installed.iter().map(|r| r.name.as_str()));
                }
            }
        }
        let mut reached = vec![false; self.subjects.len()];
        let mut groups: FxHashSet<(&str, &str)> = FxHashSet::default();
        let extras: Vec<(&str, Vec<String>)> = request
            .asked_extras()
            .map(|ask| (ask.name, ask.extras))
            .collect();
        let by_name = |name: &str| self.by_name.get(name).copied();
        // Records to go to, with the groups that are asked of them.
        let mut queue: Vec<(u32, &[String])> = Vec::new();
        queue.extend(
            roots
                .into_iter()
                .filter_map(|n| Some((by_name(n)?, &[][..]))),
        );
        queue.extend(
            extras
                .iter()
                .filter_map(|(n, extras)| Some((by_name(n)?, &extras[..]))),
        );
        let ask = |wanted: &'c Wanted<'c>| match wanted {
            Wanted::Simple(_, Found::Nothing) => None,
            Wanted::Simple(_, Found::Record(at)) => Some((*at, &[][..])),
            _ => Some((by_name(wanted.name()?)?, wanted.extras())),
        };
        while let Some((at, extras)) = queue.pop() {
            let subject = &self.subjects[at.place()];
            if !std::mem::replace(&mut reached[at.place()], true) {
                queue.extend(subject.depends.iter().filter_map(ask));
                queue.extend(subject.waived.iter().filter_map(ask));
                let names = subject.names.iter().filter_map(|name| by_name(name));
                queue.extend(names.map(|at| (at, &[][..])));
            }
            if extras.is_empty() {
                continue;
            }
            for (group, list) in &subject.extras {
                if extras.iter().any(|e| e == group) && groups.insert((subject.name, *group)) {
                    queue.extend(list.iter().filter_map(ask));
                }
            }
        }
        for subject in self.subjects {
            if by_name(subject.name).is_none_or(|at| !reached[at.place()]) {
                self.broken
                    .push(format!("{} is not needed by anything", subject.label()));
            }
        }
    }

    /// Nothing that a record which stays names, on either side, is unlinked; but for what is to be removed, and what
    /// needs that.
    fn nothing_needed_leaves(&mut self, request: &'c Request, index: Option<&Index>) {
        let Some(environment) = request.environment.as_ref() else {
            return;
        };
        if environment.deps == Deps::None || environment.force_remove {
            return;
        }
        let mut leaving: Vec<(&str, String)> = Vec::new();
        for subject in self.subjects.iter().filter(|s| self.is_installed(s)) {
            let waived = subject.waived.iter().filter_map(Wanted::name);
            let names = subject.names.iter().map(String::as_str);
            let leaves =
                |name: &&str| self.installed.contains_key(name) && self.subject(name).is_none();
            let label = || subject.label();
            let mut gone: Vec<&str> = names.chain(waived).filter(leaves).collect();
            gone.sort_unstable();
            gone.dedup();
            leaving.extend(gone.into_iter().map(|name| (name, label())));
        }
        if leaving.is_empty() {
            return;
        }
        let gone = match environment.mode {
            Mode::Remove => removed(request, &Sides::of(environment, index)),
            _ => FxHashSet::default(),
        };
        for (name, label) in leaving.into_iter().filter(|(name, _)| !gone.contains(name)) {
            self.broken.push(format!(
                "{name} is unlinked, and {label}, which stays, names it"
            ));
        }
    }
}

/// Of a removal: what its specs match, and all that needs this.
fn removed<'r>(request: &'r Request, sides: &Sides<'r>) -> FxHashSet<&'r str> {
    let installed = request.environment.iter().flat_map(|e| &e.installed);
    let names: Vec<&str> = installed.map(|r| r.name.as_str()).collect();
    let ruling: FxHashMap<&str, PackageRecord> = names
        .iter()
        .filter_map(|name| Some((*name, sides.ruling(name)?)))
        .collect();
    let matched = |name: &&str| {
        let record = ruling.get(name);
        let mut specs = request.specs.iter();
        record.is_some_and(|record| specs.any(|s| s.spec.matches(record)))
    };
    let mut gone: FxHashSet<&str> = names.iter().copied().filter(matched).collect();
    let needs: Vec<(&str, Vec<String>)> = names
        .iter()
        .map(|name| (*name, needs_of(&ruling, name)))
        .collect();
    loop {
        let lacks_one = |(name, needs): &&(&str, Vec<String>)| {
            !gone.contains(name) && needs.iter().any(|needed| gone.contains(needed.as_str()))
        };
        let more: Vec<&str> = needs.iter().filter(lacks_one).map(|(n, _)| *n).collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}

/// What a record requires, and what the groups require that it asks for.
fn needs_of(records: &FxHashMap<&str, PackageRecord>, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut done: FxHashSet<(String, String)> = FxHashSet::default();
    let asks = |name: &str, group: Option<&str>| -> Vec<(String, Vec<String>)> {
        let record = records.get(name);
        let asks = record.map_or_else(Vec::new, |record| asks_of_record(record, group));
        let owned = asks
            .into_iter()
            .map(|ask| (ask.name.to_string(), ask.extras));
        owned.collect()
    };
    let mut open = asks(name, None);
    while let Some((name, extras)) = open.pop() {
        for extra in extras {
            if done.insert((name.clone(), extra.clone())) {
                open.extend(asks(&name, Some(&extra)));
            }
        }
        names.push(name);
    }
    names
}
