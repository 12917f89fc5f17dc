//! What administrators do: to who may read what, to tables, to profiles and who has them.

use serde_json::{Value as Json, json};

use crate::{profiles, setup, violation::Checked, world::World};

impl World {
    /// Profiles at the start, with members.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn first_profiles(&mut self) -> Checked {
        for number in 0..self.mix.profiles {
            // Classic takes fewer: a plain one is tried when another is refused.
            for is_plain in [self.dice.chance(300), true, true] {
                let draft = profiles::draft(&mut self.dice, number, is_plain);
                self.apply(vec![draft])?;
                self.apply(vec![json!({"publish": setup::profile(number)})])?;
                let profile = self.state().catalog.profiles.get(&setup::profile(number));
                if profile.is_some_and(|profile| profile.published.is_some()) {
                    break;
                }
            }
        }
        for user in 0..self.mix.users {
            if self.dice.chance(850) {
                let profile = setup::profile(self.dice.below(self.mix.profiles));
                let member = json!({"profile": profile, "user": setup::id("user", user), "op": "add", "move": true});
                self.apply(vec![json!({"member": member})])?;
            }
        }
        Ok(())
    }

    /// An administrator changes who may do what, or a table, or the settings.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn admin(&mut self) -> Checked {
        let line = match self.dice.below(100) {
            0..=24 => {
                let name = *self.dice.pick(&setup::ROLES);
                setup::role(&mut self.dice, name)
            }
            25..=44 => {
                let number = self.dice.below(setup::USERS - 1);
                setup::user(&mut self.dice, number)
            }
            45..=59 => {
                let number = self.dice.below(setup::TEAMS);
                setup::team(&mut self.dice, number)
            }
            60..=69 => setup::settings(&mut self.dice),
            70..=77 => self.unit(),
            78..=91 => self.table(),
            _ => setup::app(&mut self.dice, self.mix.profiles),
        };
        self.apply(vec![line]).map(drop)
    }

    fn unit(&mut self) -> Json {
        let number = 1 + self.dice.below(setup::UNITS - 1);
        let parent = setup::id("unit", self.dice.below(number));
        json!({"put": "business_unit", "id": setup::id("unit", number),
               "name": format!("unit {number}"), "parent": parent})
    }

    /// A table gets or loses a column, or goes on no device any more, or does again.
    fn table(&mut self) -> Json {
        let name = *self.dice.pick(&setup::TABLES);
        let definition = self.state().catalog.definition(name).cloned();
        let mut table = serde_json::to_value(definition.as_deref()).unwrap_or(Json::Null);
        table["put"] = json!("table");
        let added =
            |column: &Json| column["name"].as_str().is_some_and(|name| name.starts_with("more"));
        match self.dice.below(10) {
            0..=4 => {
                let more = json!({"name": format!("more{}", self.dice.below(3)), "type": "string", "max_length": 60});
                if let Some(columns) = table["columns"].as_array_mut()
                    && !columns.contains(&more)
                {
                    columns.push(more);
                }
            }
            5..=7 => {
                if let Some(columns) = table["columns"].as_array_mut() {
                    let is_optional = |column: &Json| {
                        added(column) || column["name"] == "price" || column["name"] == "open"
                    };
                    if columns.iter().any(is_optional) {
                        self.points.hit("column went while a device had the row");
                    }
                    columns.retain(|column| !is_optional(column));
                }
            }
            8 => {
                let is_offline = table["can_be_taken_offline"] == true;
                table["can_be_taken_offline"] = json!(!is_offline);
            }
            _ => table["display_name"] = json!(format!("{name} {}", self.dice.below(3))),
        }
        table
    }

    /// A profile is thought of anew, put in force or out of it, or has other members.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn publish(&mut self) -> Checked {
        let number = self.dice.below(self.mix.profiles);
        let name = setup::profile(number);
        match self.dice.below(10) {
            0..=3 => {
                let is_plain = self.mix.is_classic && self.dice.chance(700);
                let draft = profiles::draft(&mut self.dice, number, is_plain);
                let lines = vec![
                    json!({"begin": true}),
                    draft,
                    json!({"publish": name}),
                    json!({"commit": true}),
                ];
                self.apply(lines).map(drop)
            }
            4 => {
                let answers = self.apply(vec![json!({"unpublish": name})])?;
                if answers.iter().flatten().any(|answer| answer.offset.is_some()) {
                    self.points.hit("profile unpublished");
                }
                Ok(())
            }
            5 => self.apply(vec![json!({"publish": name})]).map(drop),
            _ => self.member(&name),
        }
    }

    fn member(&mut self, profile: &str) -> Checked {
        let user = setup::id("user", self.dice.below(self.mix.users));
        let team = setup::id("team", self.dice.below(setup::TEAMS));
        let (operation, moves) =
            (if self.dice.chance(750) { "add" } else { "remove" }, self.dice.chance(800));
        let mut member = json!({"profile": profile, "op": operation});
        let had = self.state().catalog.profile_of(user).map(|profile| profile.draft.name.clone());
        if operation == "add" {
            member["move"] = json!(moves);
        }
        if self.dice.chance(650) {
            member["user"] = json!(user);
        } else {
            member["team"] = json!(team);
        }
        self.apply(vec![json!({"member": member})])?;
        let has = self.state().catalog.profile_of(user).map(|profile| profile.draft.name.clone());
        if had.is_some() && has.is_some() && had != has {
            self.points.hit("user moved to another profile");
        }
        Ok(())
    }
}
