//! Charts of units over the number of accounts.

use std::path::Path;

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoLogRange, LineSeries, Palette, Palette99, PathElement, SVGBackend,
    SeriesLabelPosition, WHITE,
};

use super::table::spaced;
use super::{Cost, Row, Scale};
use crate::stage::Outcome;

const SIZE: (u32, u32) = (860, 420);

struct Chart {
    file: &'static str,
    title: &'static str,
    unit: &'static str,
    of: fn(&Cost) -> f64,
    cases: &'static [&'static str],
}

const CHARTS: [Chart; 5] = [
    Chart {
        file: "scale-lists.svg",
        title: "Lists, a page of 25",
        unit: "RCU",
        of: |cost| cost.read,
        cases: &[
            "`GET /api/users?limit=25`",
            "`GET /api/users?status=banned&limit=25`",
            "`GET /api/users?role=member&limit=25`",
            "`GET /api/users?role=user&limit=25`",
            "`GET /api/roles`",
        ],
    },
    Chart {
        file: "scale-filters.svg",
        title: "Two filters, a page of 25",
        unit: "RCU",
        of: |cost| cost.read,
        cases: &[
            "`GET /api/users?role=user&status=active&limit=25`",
            "`GET /api/users?role=member&status=active&limit=25`",
            "`GET /api/users?role=member&status=banned&limit=25`",
            "`GET /api/users?q=a&role=member&limit=25`",
            "`GET /api/users?q=a&status=active&limit=25`",
        ],
    },
    Chart {
        file: "scale-searches.svg",
        title: "Searches, a page of 25",
        unit: "RCU",
        of: |cost| cost.read,
        cases: &[
            "`GET /api/users?q=a&limit=25`",
            "`GET /api/users?q=.&limit=25`",
            "`GET /api/users?q=mail.example&limit=25`",
            "`GET /api/users?q=jane@&limit=25`",
        ],
    },
    Chart {
        file: "scale-pages.svg",
        title: "Pages, deep down",
        unit: "RCU",
        of: |cost| cost.read,
        cases: &[
            "`GET /v1/admin/users?page={middle}&limit=10`",
            "`GET /v1/admin/users?page={last}&limit=10`",
            "`GET /api/users?limit=25&cursor={all}`",
            "`GET /api/users?role=member&limit=25&cursor={members}`",
        ],
    },
    Chart {
        file: "scale-writes.svg",
        title: "Writes",
        unit: "WCU",
        of: |cost| cost.written,
        cases: &[
            "`POST /v1/user/register`",
            "`DELETE /api/users/{user}`",
            "`POST /api/users/{user}/roles`",
            "`POST /api/auth/token`",
            "`POST /api/auth/refresh`",
        ],
    },
];

/// Draws them into this folder; the text that shows them in a document beside it.
pub fn draw(scale: &Scale, folder: &Path) -> Outcome<String> {
    std::fs::create_dir_all(folder)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = String::new();
    for chart in &CHARTS {
        chart.draw(scale, &folder.join(chart.file))?;
        text.push_str(&format!(
            "![{}: {} over accounts]({name}/{})\n",
            chart.title, chart.unit, chart.file
        ));
    }
    Ok(text)
}

impl Chart {
    fn rows<'a>(&self, scale: &'a Scale) -> Outcome<Vec<&'a Row>> {
        let find = |case: &&str| {
            let row = scale.rows.iter().find(|row| row.case.name == **case);
            row.ok_or_else(|| format!("there is no case {case}").into())
        };
        self.cases.iter().map(find).collect()
    }

    fn draw(&self, scale: &Scale, file: &Path) -> Outcome<()> {
        let rows = self.rows(scale)?;
        let at = |size: &usize| f64::from(u32::try_from(*size).unwrap_or(u32::MAX));
        let (Some(from), Some(to)) = (scale.sizes.first().map(at), scale.sizes.last().map(at)) else {
            return Ok(());
        };
        let costs = rows.iter().flat_map(|row| row.costs.iter().map(self.of));
        let most = costs.fold(10.0, f64::max);
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        // A third of its height is for the names.
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .margin_right(50)
            .x_label_area_size(40)
            .y_label_area_size(50)
            .build_cartesian_2d((from..to).log_scale(), 0.0..most * 1.6)?;
        chart
            .configure_mesh()
            .max_light_lines(1)
            .x_desc("accounts")
            .y_desc(self.unit)
            .x_label_formatter(&|size| spaced(whole(*size)))
            .y_label_formatter(&|units| spaced(whole(*units)))
            .draw()?;
        for (number, row) in rows.iter().enumerate() {
            let color = Palette99::pick(number).to_rgba();
            let points = scale.sizes.iter().map(at).zip(row.costs.iter().map(self.of));
            let line = chart.draw_series(LineSeries::new(points, color.filled().stroke_width(2)).point_size(4))?;
            line.label(row.case.name.trim_matches('`'))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 15, y)], color));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .draw()?;
        area.present()?;
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is on an axis is small and positive"
)]
fn whole(number: f64) -> usize {
    number.round() as usize
}
