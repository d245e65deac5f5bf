//! VSIDS: variables by recent participation in conflicts.
//!
//! Every conflict adds an increment to its variables, and the increment grows
//! geometrically (MiniSat's form of Chaff's decay), so old conflicts fade. A
//! binary heap keeps the variables by activity; assigned ones may linger in
//! it and are skipped when they surface. Ties go to the lower number, so that a run is a
//! function of its input alone.

use crate::lit::Var;

const ABSENT: u32 = u32::MAX;
const RESCALE_AT: f64 = 1e100;

/// Activities and the heap over them.
#[derive(Clone)]
pub(crate) struct Activities {
    activity: Vec<f64>,
    increment: f64,
    heap: Vec<u32>,
    /// By variable: its index in the heap.
    position: Vec<u32>,
}

impl Default for Activities {
    fn default() -> Self {
        Activities {
            activity: Vec::new(),
            increment: 1.0,
            heap: Vec::new(),
            position: Vec::new(),
        }
    }
}

impl Activities {
    /// Adds `n` variables of activity 0.
    pub(crate) fn grow(&mut self, n: usize) {
        let old = self.activity.len();
        self.activity.resize(old + n, 0.0);
        for var in old..old + n {
            // No activity is lower and no number higher: the end of the heap is the right place.
            self.position.push(self.heap.len() as u32);
            self.heap.push(var as u32);
        }
    }

    /// Whether the variable is in the heap.
    pub(crate) fn contains(&self, var: Var) -> bool {
        self.position[var.index()] != ABSENT
    }

    #[inline]
    pub(crate) fn get(&self, var: Var) -> f64 {
        self.activity.get(var.index()).copied().unwrap_or(0.0)
    }

    /// Raises a variable's activity by the current increment.
    #[inline]
    pub(crate) fn bump(&mut self, var: Var) {
        let activity = &mut self.activity[var.index()];
        *activity += self.increment;
        if *activity > RESCALE_AT {
            self.rescale();
        }
        let position = self.position[var.index()];
        if position != ABSENT {
            self.sift_up(position as usize);
        }
    }

    /// Lets all activities fade by the factor `decay`, relative to later bumps.
    #[inline]
    pub(crate) fn decay(&mut self, decay: f64) {
        self.increment /= decay;
        if self.increment > RESCALE_AT {
            self.rescale();
        }
    }

    fn rescale(&mut self) {
        for activity in &mut self.activity {
            *activity /= RESCALE_AT;
        }
        self.increment /= RESCALE_AT;
        // Tiny activities may have become equal to others, which changes the order among ties.
        for index in (0..self.heap.len() / 2).rev() {
            self.sift_down(index);
        }
    }

    /// Puts a variable back.
    #[inline]
    pub(crate) fn insert(&mut self, var: Var) {
        if self.position[var.index()] == ABSENT {
            self.position[var.index()] = self.heap.len() as u32;
            self.heap.push(var.0);
            self.sift_up(self.heap.len() - 1);
        }
    }

    /// Takes the variable of highest activity out.
    pub(crate) fn pop(&mut self) -> Option<Var> {
        let last = self.heap.pop()?;
        let Some(top) = self.heap.first_mut() else {
            self.position[last as usize] = ABSENT;
            return Some(Var(last));
        };
        let best = std::mem::replace(top, last);
        self.position[best as usize] = ABSENT;
        self.position[last as usize] = 0;
        self.sift_down(0);
        Some(Var(best))
    }

    #[inline]
    fn before(&self, a: u32, b: u32) -> bool {
        let (x, y) = (self.activity[a as usize], self.activity[b as usize]);
        x > y || (x == y && a < b)
    }

    fn sift_up(&mut self, mut index: usize) {
        let var = self.heap[index];
        while index > 0 {
            let parent = (index - 1) / 2;
            let above = self.heap[parent];
            if !self.before(var, above) {
                break;
            }
            self.heap[index] = above;
            self.position[above as usize] = index as u32;
            index = parent;
        }
        self.heap[index] = var;
        self.position[var as usize] = index as u32;
    }

    fn sift_down(&mut self, mut index: usize) {
        let var = self.heap[index];
        loop {
            let mut child = 2 * index + 1;
            if child >= self.heap.len() {
                break;
            }
            if child + 1 < self.heap.len() && self.before(self.heap[child + 1], self.heap[child]) {
                child += 1;
            }
            let below = self.heap[child];
            if !self.before(below, var) {
                break;
            }
            self.heap[index] = below;
            self.position[below as usize] = index as u32;
            index = child;
        }
        self.heap[index] = var;
        self.position[var as usize] = index as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(activities: &mut Activities) -> Vec<u32> {
        std::iter::from_fn(|| activities.pop())
            .map(|var| var.0)
            .collect()
    }

    #[test]
    fn pops_by_activity_then_number() {
        let mut activities = Activities::default();
        activities.grow(6);
        activities.bump(Var(4));
        activities.bump(Var(2));
        activities.decay(0.5);
        activities.bump(Var(5));
        assert_eq!(drain(&mut activities), [5, 2, 4, 0, 1, 3]);
        for var in 0..6 {
            activities.insert(Var(var));
            activities.insert(Var(var));
        }
        activities.bump(Var(0));
        activities.bump(Var(0));
        assert_eq!(drain(&mut activities), [0, 5, 2, 4, 1, 3]);
    }

    #[test]
    fn rescaling_keeps_the_heap_in_order() {
        let mut activities = Activities::default();
        activities.grow(50);
        for round in 0..20_000u32 {
            activities.bump(Var(round * 31 % 50));
            activities.decay(0.9);
        }
        let order = drain(&mut activities);
        assert_eq!(order.len(), 50);
        assert!(order
            .windows(2)
            .all(|pair| activities.before(pair[0], pair[1])));
        assert!(activities
            .activity
            .iter()
            .all(|activity| activity.is_finite()));
    }
}
