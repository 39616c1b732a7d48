//! The papers under test: one file or folder each, one line each in [`ALL`].

use crate::harness::paper::Paper;

pub mod altmin;
pub mod backurs;
pub mod blendenpik;
pub mod bunch;
pub mod charikar;
pub mod chebtuck;
pub mod demmel;
pub mod detherage;
mod diagonalization;
pub mod ding;
pub mod fang;
pub mod greengard;
pub mod indyk;
pub mod langevin;
pub mod linf;
pub mod oversense;
pub mod patil;
pub mod rahimi;
mod sensing;
pub mod shah;
mod sketching;
pub mod spm;
pub mod subgm;

/// All papers, in the order of reports. As a static it is compiled once, here, and not again in every executable.
pub static ALL: &[&Paper] = &[
    &subgm::PAPER,
    &ding::PAPER,
    &altmin::PAPER,
    &oversense::PAPER,
    &detherage::PAPER,
    &shah::PAPER,
    &demmel::PAPER,
    &linf::PAPER,
    &blendenpik::PAPER,
    &patil::PAPER,
    &indyk::PAPER,
    &charikar::PAPER,
    &rahimi::PAPER,
    &greengard::PAPER,
    &backurs::PAPER,
    &bunch::PAPER,
    &fang::PAPER,
    &spm::PAPER,
    &langevin::PAPER,
    &chebtuck::PAPER,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::ALL;
    use crate::harness::{
        experiment::{Point, Scale},
        seed::{Drawn, Trial},
    };

    #[test]
    fn members_of_a_company_leave_what_they_leave_alone() {
        let mut seen = 0;
        for (paper, experiment) in ALL.iter().flat_map(|p| p.experiments.iter().map(move |e| (p.key, *e))) {
            let points = experiment.points(Scale::Smoke).unwrap();
            let mut companies = BTreeMap::<_, Vec<_>>::new();
            for point in points.iter().filter(|point| point.company.is_some()) {
                companies.entry(&point.company).or_default().push(point);
            }
            companies.retain(|_, members| members.len() > 1);
            let flops = |members: &[&Point]| members.iter().map(|point| point.cost.flops).sum::<f64>();
            if let Some(members) = companies.values().min_by(|a, b| flops(a).total_cmp(&flops(b))) {
                let drawn = Drawn::default();
                let trial =
                    |point, drawn| Trial { master: 5, paper, experiment: experiment.key(), point, index: 1, drawn };
                let company: Vec<_> =
                    members.iter().map(|point| (*point, trial(&point.key[..], Some(&drawn)))).collect();
                let together = experiment.run(&company).unwrap();
                let alone = members.iter().map(|p| experiment.run(&[(*p, trial(&p.key[..], None))]).unwrap().remove(0));
                assert!(alone.eq(together), "{paper}/{}", experiment.key());
                seen += 1;
            }
        }
        assert!(seen > 3, "only {seen} experiments have companies");
    }
}
