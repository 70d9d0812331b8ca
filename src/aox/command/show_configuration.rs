//! `aox show configuration`: the settings in use, and where each comes from.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::{Answer, Table};
use crate::aox::conversation::{Context, Outcome, SettingFacts};
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowConfiguration {
    /// One setting, or all of a section.
    pub name: Option<String>,
    /// Only those that are not as they are without being set.
    pub changed: bool,
}

impl ShowConfiguration {
    /// The server knows them; the database is not asked.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.chosen(&context.facts.configuration).map(|answer| Plan::Done(Ok(answer))))
    }

    fn chosen(&self, all: &[SettingFacts]) -> Result<Answer, Error> {
        let is_named = |setting: &&SettingFacts| match &self.name {
            Some(name) => {
                setting.key == *name
                    || setting.key.split_once('.').is_some_and(|(section, _)| section == name)
            }
            None => true,
        };
        let named: Vec<_> = all.iter().filter(is_named).collect();
        if let (true, Some(name)) = (named.is_empty(), &self.name) {
            return Err(Error::no(Code::NonExistent, format!("there is no setting {name}")));
        }
        Ok(respond(named.into_iter().filter(|setting| !self.changed || setting.is_changed())))
    }
}

fn respond<'a>(settings: impl Iterator<Item = &'a SettingFacts>) -> Answer {
    let mut table = Table::new(&["Setting", "Value", "From"]);
    let mut json = Vec::new();
    for setting in settings {
        let SettingFacts { key, value, default, source } = setting;
        json.push(json!({"setting": key, "value": value, "default": default, "from": source,
                         "changed": setting.is_changed()}));
        table.rows.push(vec![key.clone(), value.clone(), source.clone()]);
    }
    Answer::list(table, "Every setting is as it is without being set.", json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_one_setting_or_a_section() {
        let setting = |key: &str, value: &str| SettingFacts {
            key: key.to_owned(),
            value: value.to_owned(),
            default: "1".to_owned(),
            source: "default".to_owned(),
        };
        let all = [setting("imap.a", "1"), setting("imap.b", "2"), setting("hostname", "1")];
        let chosen = |name: Option<&str>, changed| {
            let command = ShowConfiguration { name: name.map(str::to_owned), changed };
            command.chosen(&all).map(|answer| answer.json.as_array().map_or(0, Vec::len))
        };
        assert_eq!(chosen(None, false).unwrap(), 3);
        assert_eq!(chosen(Some("imap"), false).unwrap(), 2);
        assert_eq!(chosen(Some("imap.a"), true).unwrap(), 0);
        assert_eq!(chosen(None, true).unwrap(), 1);
        assert!(chosen(Some("imap.c"), false).is_err());
    }
}
