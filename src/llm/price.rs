//! Prices of tokens.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

use super::{LlmError, Tokens, endpoint::rejected};

/// The built-in prices.
const BUILT_IN: &str = include_str!("../../config/prices.toml");

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Per million tokens of prompts.
    pub input: f64,
    /// Per million tokens of replies.
    pub output: f64,
}

impl Price {
    /// The price of a model on the user's own machine.
    pub const NOTHING: Self = Self {
        input: 0.0,
        output: 0.0,
    };

    /// Cost of these tokens in US dollars.
    pub fn cost_of(self, tokens: Tokens) -> f64 {
        (self.input * tokens.input as f64 + self.output * tokens.output as f64) / 1e6
    }

    fn is_valid(self) -> bool {
        [self.input, self.output]
            .iter()
            .all(|usd| usd.is_finite() && *usd >= 0.0)
    }
}

/// Prices by model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    models: BTreeMap<String, Price>,
}

impl Prices {
    /// The built-in prices, overridden by those of the user's own file.
    ///
    /// # Errors
    /// When the file cannot be read or is malformed.
    pub fn load(own: Option<&Path>) -> Result<Self, LlmError> {
        let mut prices: Self =
            toml::from_str(BUILT_IN).map_err(|error| rejected(&format!("config/prices.toml: {error}"), "report it"))?;
        let Some(path) = own else { return Ok(prices) };
        let remedy = "write it in the form of config/prices.toml: [models.\"NAME\"], input = USD, output = USD per million tokens";
        let text = fs::read_to_string(path).map_err(|error| {
            rejected(
                &format!("the file of llm.prices, {}, cannot be read: {error}", path.display()),
                "fix its path, or remove llm.prices",
            )
        })?;
        let own: Self = toml::from_str(&text).map_err(|error| {
            let error = error.to_string();
            let error = error.split_whitespace().collect::<Vec<_>>().join(" ");
            rejected(&format!("{} is not a list of prices: {error}", path.display()), remedy)
        })?;
        if let Some((model, _)) = own.models.iter().find(|(_, price)| !price.is_valid()) {
            return Err(rejected(
                &format!(
                    "the price of `{model}` in {} is not a number of 0 or more",
                    path.display()
                ),
                remedy,
            ));
        }
        prices.models.extend(own.models);
        Ok(prices)
    }

    /// The price of a model, if known.
    pub fn price_of(&self, model: &str) -> Option<Price> {
        // OpenRouter's free variants.
        if model.ends_with(":free") {
            return Some(Price::NOTHING);
        }
        let last = model.rsplit('/').next().unwrap_or(model);
        [model, last, strip_date(last)]
            .iter()
            .find_map(|name| self.models.get(*name))
            .copied()
    }
}

/// A model's name without a date at its end: `-2024-08-06`, `-20241022`, `-latest`.
fn strip_date(name: &str) -> &str {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if let Some(start) = name.strip_suffix("-latest") {
        return start;
    }
    for length in [11, 9] {
        let Some(at) = name.len().checked_sub(length) else {
            continue;
        };
        if let (Some(start), Some(date)) = (name.get(..at), name.get(at..))
            && date.starts_with("-20")
            && digits(date)
        {
            return start;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_prices_make_sense() {
        let prices = Prices::load(None).unwrap();
        assert!(prices.models.len() > 5);
        for (model, price) in &prices.models {
            assert!(
                price.is_valid() && price.output >= price.input && price.input > 0.0,
                "{model}"
            );
        }
    }

    #[test]
    fn finds_models_under_their_longer_names() {
        let prices = Prices::load(None).unwrap();
        let plain = prices.price_of("gpt-4o").unwrap();
        for name in [
            "openai/gpt-4o",
            "gpt-4o-2024-08-06",
            "openrouter/openai/gpt-4o-2024-08-06",
        ] {
            assert_eq!(prices.price_of(name), Some(plain), "{name}");
        }
        assert!(prices.price_of("claude-sonnet-4-5-20250929").is_some());
        assert_eq!(
            prices.price_of("claude-sonnet-4-5-20250929"),
            prices.price_of("claude-sonnet-4-5-latest")
        );
        assert_eq!(prices.price_of("meta-llama/llama-3-8b:free"), Some(Price::NOTHING));
        for name in ["gpt-4o-audio", "gpt-4", "", "/", "llama3.1:8b", "-20240101"] {
            assert_eq!(prices.price_of(name), None, "{name}");
        }
    }

    #[test]
    fn costs_are_per_million() {
        let price = Price {
            input: 2.0,
            output: 10.0,
        };
        let tokens = Tokens {
            input: 500_000,
            output: 100_000,
        };
        assert!((price.cost_of(tokens) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn an_own_file_wins_and_a_bad_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.toml");
        fs::write(
            &path,
            "[models.\"gpt-4o\"]\ninput = 1\noutput = 2\n[models.mine]\ninput = 0\noutput = 0.5\n",
        )
        .unwrap();
        let prices = Prices::load(Some(&path)).unwrap();
        assert_eq!(prices.price_of("gpt-4o").unwrap().output, 2.0);
        assert_eq!(prices.price_of("mine").unwrap().output, 0.5);
        assert!(prices.price_of("gpt-4o-mini").is_some());
        for text in [
            "[models.mine]\ninput = 1\n",
            "[models.mine]\ninput = -1\noutput = 1\n",
            "mine = 1",
            "[[",
        ] {
            fs::write(&path, text).unwrap();
            let error = Prices::load(Some(&path)).unwrap_err();
            assert!(error.to_string().contains("prices.toml"), "{error}");
            assert!(error.help().unwrap().contains("per million"), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(
            Prices::load(Some(&path))
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
    }
}
