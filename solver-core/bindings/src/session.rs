//! `Session` for Python: a request goes in, an answer or an exception comes out.

use std::sync::Arc;

use pyo3::prelude::*;
use resolve::{Request, VirtualPackage};

use crate::arguments::{
    parse_specs, parse_strategy, parse_virtual, EnvironmentArguments, PolicyArguments,
};
use crate::errors::ResolventError;
use crate::failure::failure;
use crate::index::{parse_priority, Index};
use crate::interrupt::{deadline_in, interruptibly};
use crate::solution::Solution;

/// Many solves over one index.
#[pyclass(frozen, module = "resolvent")]
pub struct Session {
    inner: resolve::Session,
    priority: resolve::ChannelPriority,
    virtual_packages: Vec<VirtualPackage>,
}

#[pymethods]
impl Session {
    /// `without` names techniques that the SAT solver is to do without, for benches.
    #[new]
    #[pyo3(signature = (index, virtual_packages, without=Vec::new()))]
    fn new(
        index: &Bound<'_, Index>,
        virtual_packages: Vec<String>,
        without: Vec<String>,
    ) -> PyResult<Self> {
        let index = index.get();
        let mut inner = resolve::Session::new(Arc::clone(&index.inner));
        for technique in without {
            inner = inner
                .without(&technique)
                .ok_or_else(|| ResolventError::new_err(format!("no technique '{technique}'")))?;
        }
        Ok(Self {
            inner,
            priority: index.priority,
            virtual_packages: parse_virtual(&virtual_packages)?,
        })
    }

    /// Finds the best set of packages; see `resolvent.solve`. `eager` is for tests: it uses nothing of the session and
    /// opens everything before the first search, the reference for what opens on demand. `virtual_packages`: the
    /// session's own by default.
    #[pyo3(signature = (specs, constraints, pins, strategy, timeout, channel_priority, policy, environment, eager=false, virtual_packages=None))]
    #[allow(clippy::too_many_arguments)] // the Python layer passes the whole request in one call
    fn solve(
        &self,
        py: Python<'_>,
        specs: Vec<String>,
        constraints: Vec<String>,
        pins: Vec<String>,
        strategy: &str,
        timeout: Option<f64>,
        channel_priority: Option<&str>,
        policy: PolicyArguments,
        environment: Option<EnvironmentArguments<'_>>,
        eager: bool,
        virtual_packages: Option<Vec<String>>,
    ) -> PyResult<Solution> {
        let target = virtual_packages.map(|texts| parse_virtual(&texts));
        let request = Request {
            specs: parse_specs(&specs)?,
            constraints: parse_specs(&constraints)?,
            pins: parse_specs(&pins)?,
            virtual_packages: target
                .transpose()?
                .unwrap_or_else(|| self.virtual_packages.clone()),
            channel_priority: channel_priority.map_or(Ok(self.priority), parse_priority)?,
            strategy: parse_strategy(strategy)?,
            cutoffs: policy.cutoffs(),
            deny: policy.deny()?,
            deny_reasons: policy.deny_reasons(),
            licenses: policy.licenses(),
            environment: environment
                .map(|e| e.into_environment(self.inner.index()))
                .transpose()?,
        };
        let deadline = deadline_in(timeout);
        let result = py.detach(|| {
            interruptibly(deadline, |budget| match eager {
                false => self.inner.solve(&request, budget),
                true => resolve::solve_eagerly(self.inner.index(), &request, budget),
            })
        })?;
        match result {
            Ok(solution) => Ok(Solution {
                inner: Arc::new(solution),
            }),
            Err(error) => Err(failure(py, error)),
        }
    }
}
