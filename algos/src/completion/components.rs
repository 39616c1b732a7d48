//! Connected components of the bipartite graph of observed positions, by union–find.

use super::Observations;

/// Components among rows and columns that have an entry.
pub(super) fn components(observations: &Observations) -> usize {
    let (m, n) = observations.shape();
    let mut parent: Vec<u32> = (0..(m + n) as u32).collect();
    let mut touched = vec![false; m + n];
    let mut count = 0;
    for (i, j, _) in observations.rows().entries() {
        for node in [i, m + j] {
            if !touched[node] {
                touched[node] = true;
                count += 1;
            }
        }
        let (a, b) = (root(&mut parent, i as u32), root(&mut parent, (m + j) as u32));
        if a != b {
            parent[a as usize] = b;
            count -= 1;
        }
    }
    count
}

/// The root of a node; halves the path on the way.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}
