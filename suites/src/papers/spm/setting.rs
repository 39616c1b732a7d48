//! What the experiments share: cells, and the macro that makes an experiment of a point, a record and a function.

use crate::record;

record! {
    /// Order, dimension and rank of a planted tensor.
    pub struct Cell {
        /// Order m.
        pub m: usize,
        /// Dimension d.
        pub d: usize,
        /// Rank R.
        pub r: usize,
    }
}

impl Cell {
    /// The cell (m, d, R).
    pub const fn new(m: usize, d: usize, r: usize) -> Self {
        Self { m, d, r }
    }

    /// Its name in checks.
    pub fn name(&self) -> String {
        format!("({}, {}, {})", self.m, self.d, self.r)
    }

    /// Flops of one decomposition, from the number of steps of a component.
    pub fn flops(&self, steps: f64) -> f64 {
        let side = (0..self.m.div_ceil(2)).fold(1.0, |c, q| c * (self.d + q) as f64 / (q + 1) as f64);
        9.0 * side.powi(3).min(side * (self.r * self.r) as f64 * 4.0) + 4.0 * side * (self.r * self.r) as f64 * steps
    }
}

/// Orders 3 to 6, comfortably below the bound.
pub const CELLS: [Cell; 4] = [Cell::new(3, 20, 16), Cell::new(4, 12, 40), Cell::new(5, 8, 30), Cell::new(6, 6, 28)];

/// Declares an experiment with one table.
macro_rules! experiment {
    (
        $(#[$doc:meta])* $name:ident, $key:literal, $about:literal, $point:ty, $row:ty, rows $rows:expr,
        points $points:expr, trials $trials:expr, flops $flops:expr, run $run:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name;

        impl $name {
            /// The only table.
            pub const RUNS: Table<Self, $row> = Table::new("runs");
        }

        impl Experiment for $name {
            type Point = $point;
            const KEY: &'static str = $key;
            const ABOUT: &'static str = $about;
            const TABLES: &'static [TableSchema] = &[Self::RUNS.schema()];

            fn points(scale: Scale) -> Vec<$point> {
                $points(scale)
            }

            fn trials(scale: Scale, point: &$point) -> u32 {
                $trials(scale, point)
            }

            fn cost(point: &$point) -> Cost {
                Cost { flops: $flops(point), memory: 1 << 24, rows: $rows }
            }

            fn run(point: &$point, trial: &Trial<'_>, out: &mut Out<Self>) -> Result<(), algos::Error> {
                for row in $run(point, trial)? {
                    out.put(Self::RUNS, row);
                }
                Ok(())
            }
        }
    };
}
pub(in crate::papers) use experiment;
