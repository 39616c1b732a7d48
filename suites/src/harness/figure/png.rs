//! SVG text to PNG pictures, without fonts of the system: the result is the same everywhere.

use super::Error;

/// Pixels of the picture per pixel of the drawing: sharp on dense screens and in print.
#[cfg(feature = "png")]
const DENSITY: f32 = 2.0;

/// Turns the text of a figure into a PNG of twice its size, with the fonts that come with this crate.
///
/// # Errors
/// [`Error::Png`] if the text is not SVG, or if the crate was built without its feature `png`.
#[cfg(feature = "png")]
pub fn png(svg: &str) -> Result<Vec<u8>, Error> {
    use resvg::tiny_skia::{Pixmap, Transform};
    use resvg::usvg::{Options, Tree};

    let mut options = Options { font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(include_bytes!("../../../assets/DejaVuSans-subset.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../../../assets/DejaVuSans-Bold-subset.ttf").to_vec());
    let tree = Tree::from_str(svg, &options).map_err(|error| Error::Png { reason: error.to_string() })?;
    let side = |pixels: f32| (DENSITY * pixels).ceil() as u32;
    let (width, height) = (side(tree.size().width()), side(tree.size().height()));
    let mut picture = Pixmap::new(width, height)
        .ok_or_else(|| Error::Png { reason: format!("{width} by {height} pixels are too many or too few") })?;
    resvg::render(&tree, Transform::from_scale(DENSITY, DENSITY), &mut picture.as_mut());
    picture.encode_png().map_err(|error| Error::Png { reason: error.to_string() })
}

/// Says that PNGs need the feature `png`.
///
/// # Errors
/// Always [`Error::Png`].
#[cfg(not(feature = "png"))]
pub fn png(_svg: &str) -> Result<Vec<u8>, Error> {
    Err(Error::Png { reason: "this program was built without PNG; build it with `--features png`".to_owned() })
}

#[cfg(all(test, feature = "png"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::harness::figure::{Axis, Panel, svg};

    #[test]
    fn a_figure_becomes_a_picture_with_text_in_it() {
        let panel =
            |label: &str| Panel::new("", Axis::linear(label), Axis::log("y")).line("", vec![(0.0, 1.0), (1.0, 2.0)]);
        let picture = |label: &str| png(&svg("", "", &[panel(label)]).unwrap()).unwrap();
        let plain = picture("");
        assert!(plain.starts_with(b"\x89PNG"));
        assert_eq!(plain, picture(""));
        assert_ne!(picture("‖A‖"), picture("σ₁ ≤"));
        assert!(matches!(png("no svg"), Err(Error::Png { .. })));
    }

    #[test]
    fn the_fonts_hold_every_character_of_the_field() {
        for weight in ["400", "600"] {
            let drawn = |c: char| {
                let text = format!("<text y=\"20\" font-size=\"20\" font-weight=\"{weight}\">{c}</text>");
                png(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"30\">{text}</svg>"))
                    .unwrap()
            };
            let absent = drawn('漢');
            let field = "‖·_αβγκλμρσςτφωΓΔΣΩ′⁰⁻¹²⁹₀₉ᵀ†≤≥≈≪≫×−±√∞∑∏∫∂∇∈∉⊂∪∩→⇒↦⟨⟩⌈⌉⌊⌋ℓℝ⊗⊥⊤½µé–—“”…";
            let missing: String = field.chars().filter(|&c| drawn(c) == absent).collect();
            assert_eq!(missing, "");
        }
    }
}
