//! Pictures of people, bots and guilds, drawn from a hash: the same hash always gives the same picture.

use crate::ids::Snowflake;

/// Side of the largest picture in pixels; requests for a larger one get this size, as Discord never enlarges pictures
/// either.
const MAX_PIXELS: u32 = 512;
/// Side in pixels if the request names no size.
const DEFAULT_PIXELS: u32 = 128;
/// A figure is a grid with this many cells per side, mirrored left to right.
const CELLS: u32 = 5;

/// The hash of an account's initial picture.
pub(crate) fn hash_of(id: Snowflake) -> String {
    format!("{:016x}{:016x}", mixed(id.0), mixed(!id.0))
}

/// Draws the picture for a hash as PNG. `size` is what the client asks for: a power of two from 16 to 4096.
pub(crate) fn draw(hash: &str, size: Option<u32>) -> Option<Vec<u8>> {
    let asked = size.unwrap_or(DEFAULT_PIXELS);
    if !asked.is_power_of_two() || !(16..=4096).contains(&asked) {
        return None;
    }
    let side = asked.min(MAX_PIXELS);
    let seed = hash.bytes().fold(0, |seed, byte| mixed(seed ^ u64::from(byte)));
    let hue = seed as u32 % 360;
    // Light enough for a light page, dark enough for a dark one.
    let (top, bottom) = (colour(hue, 62, 66), colour((hue + 40) % 360, 58, 48));
    let figure = colour(hue, 70, 95);
    // One cell of margin on all sides.
    let cell = f64::from(side) / f64::from(CELLS + 2);
    let mut pixels = Vec::with_capacity((side * side * 3) as usize);
    for y in 0..side {
        let ground = blend(top, bottom, y, side);
        let row = (f64::from(y) / cell).floor() - 1.0;
        for x in 0..side {
            let column = (f64::from(x) / cell).floor() - 1.0;
            pixels.extend_from_slice(if is_filled(seed, column, row) { &figure } else { &ground });
        }
    }
    encoded(&pixels, side).ok()
}

fn is_filled(seed: u64, column: f64, row: f64) -> bool {
    let within = 0.0..f64::from(CELLS);
    if !within.contains(&column) || !within.contains(&row) {
        return false;
    }
    let (column, row) = (column as u32, row as u32);
    let mirrored = column.min(CELLS - 1 - column);
    // The lower bits chose the colour.
    seed >> (16 + row * CELLS.div_ceil(2) + mirrored) & 1 == 1
}

fn encoded(pixels: &[u8], side: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Hue in degrees, saturation and lightness in percent, as in CSS.
fn colour(hue: u32, saturation: u32, lightness: u32) -> [u8; 3] {
    let (saturation, lightness) = (f64::from(saturation) / 100.0, f64::from(lightness) / 100.0);
    let reach = saturation * lightness.min(1.0 - lightness);
    let channel = |offset: f64| {
        let k = (offset + f64::from(hue) / 30.0) % 12.0;
        let level = lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (level * 255.0).round() as u8
    };
    [channel(0.0), channel(8.0), channel(4.0)]
}

fn blend(top: [u8; 3], bottom: [u8; 3], y: u32, side: u32) -> [u8; 3] {
    std::array::from_fn(|at| {
        let (top, bottom) = (u32::from(top[at]), u32::from(bottom[at]));
        ((top * (side - y) + bottom * y) / side) as u8
    })
}

/// The finalizer of splitmix64; implemented here because a picture must look the same in every version.
fn mixed(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_png_of_the_size_asked_for_and_always_the_same() {
        let hash = hash_of(Snowflake(7));
        let picture = draw(&hash, Some(64)).unwrap();
        assert_eq!(draw(&hash, Some(64)).unwrap(), picture);
        assert_ne!(draw(&hash_of(Snowflake(8)), Some(64)).unwrap(), picture);
        for (size, side) in [(Some(64), 64), (None, 128), (Some(4096), 512)] {
            let bytes = draw(&hash, size).unwrap();
            let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), (side, side));
        }
        for size in [0, 8, 100, 8192] {
            assert_eq!(draw(&hash, Some(size)), None, "{size}");
        }
    }

    #[test]
    fn colours_are_those_of_css() {
        assert_eq!(colour(0, 100, 50), [255, 0, 0]);
        assert_eq!(colour(120, 100, 25), [0, 128, 0]);
        assert_eq!(colour(210, 50, 60), [102, 153, 204]);
    }
}
