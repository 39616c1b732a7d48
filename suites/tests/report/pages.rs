#[test]
fn keep() {
    super::fixture::write(std::path::Path::new("/tmp/fx"));
}
