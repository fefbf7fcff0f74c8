//! A seller's color on the pages: as it is where it can be read, else darker (on light pages) or lighter (on dark ones) until
//! it can (WCAG 2.2, 1.4.3: 4.5 : 1).

/// Text on its ground, at the least.
const CONTRAST: f64 = 4.5;
/// The darkest ground that the color is text on in the light scheme, and the lightest in the dark one: `--code`, in
/// `pages.css`.
const LIGHT_GROUND: Rgb = Rgb(0xea, 0xf0, 0xee);
const DARK_GROUND: Rgb = Rgb(0x22, 0x30, 0x2c);
const BLACK: Rgb = Rgb(0x06, 0x0d, 0x0b);
const WHITE: Rgb = Rgb(0xff, 0xff, 0xff);
/// How much nearer to black or white one step is; a hundred of them reach it.
const STEP: f64 = 0.04;
const STEPS: usize = 200;
/// How much stronger the color is under a pointer.
const STRONGER: f64 = 0.22;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl Rgb {
    fn parse(digits: &str) -> Option<Rgb> {
        if digits.len() != 6 || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Rgb(part(0)?, part(2)?, part(4)?))
    }

    fn text(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    fn towards(self, other: Rgb, share: f64) -> Rgb {
        // Both ends are within 0..=255, so is what lies between.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let part = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Rgb(part(self.0, other.0), part(self.1, other.1), part(self.2, other.2))
    }

    fn luminance(self) -> f64 {
        let part = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(self.0) + 0.7152 * part(self.1) + 0.0722 * part(self.2)
    }

    fn contrast(self, other: Rgb) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The nearest color in the direction of `end` that can be read on `ground`.
    fn readable(self, ground: Rgb, end: Rgb) -> Rgb {
        let mut color = self;
        for _ in 0..STEPS {
            if color.contrast(ground) >= CONTRAST {
                return color;
            }
            color = color.towards(end, STEP);
        }
        end
    }
}

/// The stylesheet of a color; `None` for what is none. It is made of the color alone, so that it can be kept for ever.
pub(crate) fn stylesheet(digits: &str) -> Option<String> {
    let color = Rgb::parse(digits)?;
    let light = color.readable(LIGHT_GROUND, BLACK);
    let dark = color.readable(DARK_GROUND, WHITE);
    let rule = |color: Rgb, end: Rgb, on: Rgb| {
        let (accent, strong, on) = (color.text(), color.towards(end, STRONGER).text(), on.text());
        format!(":root {{ --accent: {accent}; --accent-strong: {strong}; --on-accent: {on}; }}")
    };
    Some(format!(
        "{}\n@media (prefers-color-scheme: dark) {{ {} }}\n",
        rule(light, BLACK, WHITE),
        rule(dark, WHITE, BLACK)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_color_can_be_read_in_both_schemes() {
        for digits in
            ["000000", "ffffff", "ffff00", "00ff00", "0000ff", "ff0000", "808080", "009ee3", "0b5c57"]
        {
            let color = Rgb::parse(digits).unwrap();
            let light = color.readable(LIGHT_GROUND, BLACK);
            assert!(
                light.contrast(LIGHT_GROUND) >= CONTRAST && light.contrast(WHITE) >= CONTRAST,
                "{digits}"
            );
            let dark = color.readable(DARK_GROUND, WHITE);
            assert!(dark.contrast(DARK_GROUND) >= CONTRAST && dark.contrast(BLACK) >= CONTRAST, "{digits}");
            let stronger = (light.towards(BLACK, STRONGER), dark.towards(WHITE, STRONGER));
            assert!(
                stronger.0.contrast(LIGHT_GROUND) >= CONTRAST && stronger.1.contrast(DARK_GROUND) >= CONTRAST
            );
        }
    }

    #[test]
    fn a_color_that_can_be_read_stays() {
        assert!(stylesheet("0b5c57").unwrap().starts_with(":root { --accent: #0b5c57;"));
        for none in ["", "0b5c5", "0B5C57", "0b5c57;", "gggggg", "é00b5"] {
            assert_eq!(stylesheet(none), None, "{none}");
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_stylesheet() {
        let pages = include_str!("../../assets/pages.css");
        for ground in [LIGHT_GROUND, DARK_GROUND] {
            assert!(pages.contains(&format!("--code: {};", ground.text())), "{ground:?}");
        }
    }
}
