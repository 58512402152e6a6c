//! A page of the console: elements are found by their `data-test` attribute and awaited, because the page redraws itself
//! while it lives.

use std::sync::Arc;

use anyhow::Context;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use testbed::wait::{LONG, until};

use sandbox::pipeline::Pipeline;

use crate::driver::Browser;

/// One of the page's views.
#[derive(Clone, Debug)]
pub struct View {
    /// Its address after `#/`.
    pub address: String,
    /// The selector of what it shows once it has got everything.
    pub shows: &'static str,
}

/// The page that the browser shows.
#[derive(Clone)]
pub struct Page(Arc<Browser>);

impl Page {
    /// The one of that browser.
    pub fn new(browser: Arc<Browser>) -> Self {
        Self(browser)
    }

    fn client(&self) -> &Client {
        self.0.client()
    }

    /// The browser.
    pub fn browser(&self) -> &Browser {
        &self.0
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// If the browser cannot.
    pub async fn open(&self, url: &str) -> anyhow::Result<()> {
        self.client().goto(url).await.with_context(|| format!("opening {url}"))
    }

    /// Runs JavaScript in the page and returns what it returns.
    ///
    /// # Errors
    /// If it throws.
    pub async fn js(&self, script: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        let ran = self.client().execute(script, arguments.to_vec()).await;
        ran.with_context(|| format!("running {script}"))
    }

    /// Waits for the element of that name to be shown.
    ///
    /// # Errors
    /// If it is not; the error shows the page's text.
    pub async fn at(&self, name: &str) -> anyhow::Result<Element> {
        self.matching(&named(name)).await
    }

    /// Waits for the first element that a selector finds to be shown.
    ///
    /// # Errors
    /// If it is not; the error shows the page's text.
    pub async fn matching(&self, selector: &str) -> anyhow::Result<Element> {
        let what = format!("{selector} is shown");
        let shown = until(&what, LONG, async || {
            for element in self.client().find_all(Locator::Css(selector)).await? {
                if element.is_displayed().await? {
                    return Ok(element);
                }
            }
            anyhow::bail!("it is not")
        });
        self.explained(shown.await).await
    }

    /// Waits until the element of that name contains that text.
    ///
    /// # Errors
    /// If it does not; the error shows the page's text.
    pub async fn see(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.await_text(name, &format!("{name} says {text:?}"), |shown| shown.contains(text))
            .await
            .map(drop)
    }

    /// Waits until the text of that element is as wanted, and returns it.
    ///
    /// # Errors
    /// If it does not become so; the error shows the page's text.
    pub async fn await_text(&self, name: &str, what: &str, is_so: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        let seen = until(what, LONG, async || {
            let text = self.text(name).await?;
            anyhow::ensure!(is_so(&text), "{text:?}");
            Ok(text)
        });
        self.explained(seen.await).await
    }

    /// The text of the elements of that name, as shown.
    ///
    /// # Errors
    /// If there is none.
    pub async fn text(&self, name: &str) -> anyhow::Result<String> {
        let script = "const found = [...document.querySelectorAll(arguments[0])]; return found.length ? found.map(e => e.innerText).join('\\n') : null";
        let text = self.js(script, &[json!(named(name))]).await?;
        Ok(text.as_str().with_context(|| format!("there is no {name}"))?.to_owned())
    }

    /// How many elements of that name there are.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn count(&self, name: &str) -> anyhow::Result<usize> {
        Ok(self.client().find_all(Locator::Css(&named(name))).await?.len())
    }

    /// Waits until there are that many elements of that name.
    ///
    /// # Errors
    /// If there are not; the error shows the page's text.
    pub async fn await_count(&self, name: &str, wanted: usize) -> anyhow::Result<()> {
        let what = format!("there are {wanted} of {name}");
        let counted = until(&what, LONG, async || {
            let count = self.count(name).await?;
            anyhow::ensure!(count == wanted, "{count}");
            Ok(())
        });
        self.explained(counted.await).await
    }

    /// Waits until JavaScript returns true.
    ///
    /// # Errors
    /// If it does not; the error shows the page's text.
    pub async fn await_js(&self, what: &str, script: &str) -> anyhow::Result<()> {
        let is_true = until(what, LONG, async || {
            let seen = self.js(script, &[]).await?;
            anyhow::ensure!(seen == json!(true), "{seen}");
            Ok(())
        });
        self.explained(is_true.await).await
    }

    /// Goes to a view of the sandbox's page and waits until it shows what it has.
    ///
    /// # Errors
    /// If it does not.
    pub async fn show(&self, sandbox: &Pipeline, view: &View) -> anyhow::Result<()> {
        self.open(&format!("{}/#/{}", sandbox.order_url, view.address)).await?;
        self.see("connection", "live").await?;
        self.matching(view.shows).await?;
        self.await_js(
            "everything is loaded",
            "return [...document.querySelectorAll('main .loading')].every(one => !one.checkVisibility())",
        )
        .await
    }

    /// Clicks on the first element of that name that a user can click on, as soon as there is one.
    ///
    /// # Errors
    /// If it cannot be clicked.
    pub async fn click(&self, name: &str) -> anyhow::Result<()> {
        self.click_on(&named(name)).await
    }

    /// The same for what a selector finds.
    ///
    /// # Errors
    /// If it cannot be clicked.
    pub async fn click_on(&self, selector: &str) -> anyhow::Result<()> {
        let what = format!("{selector} can be clicked");
        let clicked = until(&what, LONG, async || {
            for element in self.client().find_all(Locator::Css(selector)).await? {
                if element.is_displayed().await? && element.is_enabled().await? {
                    return Ok(element.click().await?);
                }
            }
            anyhow::bail!("it is disabled, or not there")
        });
        self.explained(clicked.await).await
    }

    /// Replaces the text in what a selector finds.
    ///
    /// # Errors
    /// If it is not a field.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let field = self.matching(selector).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Presses keys one after another, wherever the focus is.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        let actions = keys
            .chars()
            .fold(KeyActions::new("keyboard".to_owned()), |actions, value| {
                actions.then(KeyAction::Down { value }).then(KeyAction::Up { value })
            });
        Ok(self.client().perform_actions(actions).await?)
    }

    /// The `data-test` of the element that has the focus, or of the nearest one around it.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn focus(&self) -> anyhow::Result<String> {
        let script = "const e = document.activeElement?.closest('[data-test]'); return e ? e.dataset.test : ''";
        Ok(self.js(script, &[]).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Adds what the page shows to an error.
    async fn explained<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        let Err(error) = result else { return result };
        let shown = self
            .js("return location.href + '\\n' + document.body.innerText", &[])
            .await;
        let shown = shown.ok().and_then(|shown| shown.as_str().map(str::to_owned));
        Err(error.context(format!("the page shows:\n{}\n---", shown.unwrap_or_default())))
    }
}

/// The selector of a `data-test` attribute.
pub fn named(name: &str) -> String {
    format!("[data-test=\"{name}\"]")
}
