//! The figures, beside what we must reach and what we want.

/// All figures of one run, in the order in which they were measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    remarks: Vec<String>,
}

struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    goal: Option<Goal>,
    /// The figure of another server, and its name.
    beside: Option<(f64, &'static str)>,
}

/// What a figure is compared with.
#[derive(Clone, Copy)]
pub struct Goal {
    must: f64,
    want: f64,
}

/// A goal: past `must` the work may be called done, `want` is where we are going. Which of the two is the larger tells
/// whether more is better.
pub const fn goal(must: f64, want: f64) -> Option<Goal> {
    Some(Goal { must, want })
}

impl Report {
    /// Adds one figure, and prints it at once: a run takes minutes.
    pub fn add(&mut self, what: impl Into<String>, value: f64, unit: &'static str, goal: Option<Goal>) {
        self.push(Figure { what: what.into(), value, unit, goal, beside: None });
    }

    /// Adds one figure, beside that of another server.
    pub fn add_beside(&mut self, what: &str, value: f64, other: f64, unit: &'static str, name: &'static str) {
        self.push(Figure { what: what.into(), value, unit, goal: None, beside: Some((other, name)) });
    }

    fn push(&mut self, figure: Figure) {
        eprintln!("{}", figure.line());
        self.figures.push(figure);
    }

    /// Adds a sentence: something that could not be measured, or how it was.
    pub fn remark(&mut self, remark: impl Into<String>) {
        let remark = remark.into();
        eprintln!("# {remark}");
        self.remarks.push(remark);
    }

    /// The table, for people.
    pub fn table(&self) -> String {
        let mut table = format!("{:<58} {:>12} {:<8} {:>10} {:>10}\n", "what", "figure", "", "must", "want");
        for figure in &self.figures {
            table.push_str(&figure.line());
            table.push('\n');
        }
        for remark in &self.remarks {
            table.push_str(&format!("# {remark}\n"));
        }
        table
    }

    /// The same, for programs.
    pub fn json(&self) -> String {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|figure| {
                serde_json::json!({
                    "what": figure.what, "value": figure.value, "unit": figure.unit,
                    "beside": figure.beside.map(|(value, name)| serde_json::json!({ "value": value, "server": name })),
                    "must": figure.goal.map(|goal| goal.must), "want": figure.goal.map(|goal| goal.want),
                })
            })
            .collect();
        serde_json::json!({ "figures": figures, "remarks": self.remarks }).to_string()
    }
}

impl Figure {
    fn line(&self) -> String {
        let Figure { what, value, unit, goal, beside } = self;
        if let Some((other, name)) = beside {
            let (ours, theirs) = (short(*value), short(*other));
            return format!("{what:<58} {ours:>12} {unit:<8} {theirs:>10} {unit} by {name}");
        }
        let Some(goal) = goal else {
            return format!("{what:<58} {:>12} {unit}", short(*value));
        };
        let (must, want) = (short(goal.must), short(goal.want));
        format!("{what:<58} {:>12} {unit:<8} {must:>10} {want:>10}  {}", short(*value), goal.verdict(*value))
    }
}

impl Goal {
    fn verdict(&self, value: f64) -> &'static str {
        let reaches = |goal: f64| if self.want >= self.must { value >= goal } else { value <= goal };
        match (reaches(self.must), reaches(self.want)) {
            (_, true) => "as wanted",
            (true, false) => "reached",
            (false, false) => "NOT reached",
        }
    }
}

/// Three digits are enough, since the machine varies by more.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => {
            let digits = format!("{value:.0}");
            let groups: Vec<&str> = digits
                .as_bytes()
                .rchunks(3)
                .rev()
                .map(|group| std::str::from_utf8(group).unwrap_or(""))
                .collect();
            groups.join(",")
        }
        middle if middle >= 10.0 => format!("{value:.1}"),
        small if small >= 0.1 || small == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// The value below which this share of the values lies.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
