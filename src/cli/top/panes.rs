//! Which panes a screen has room for, and where.

use ratatui::layout::Rect;

/// Narrowest and lowest screen with a table.
pub(super) const LEAST: (u16, u16) = (20, 5);

/// Least height with the second line above the table.
const WITH_STATE: u16 = 9;

/// Least height with the line of keys.
const WITH_FOOTER: u16 = 10;

/// Least height with births and exits.
const WITH_LIVES: u16 = 14;

/// Least width and height with the curves of the picked process.
const WITH_CURVES: (u16, u16) = (40, 20);

/// Least width and height with all facts of the picked process beside births and exits.
const WITH_FACTS: (u16, u16) = (140, 36);

/// The panes of a screen; those without room are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Panes {
    /// Totals of the host, and what the scanner does.
    pub(super) header: Rect,
    /// With its headings.
    pub(super) table: Rect,
    /// One line about the picked process, and its curves.
    pub(super) curves: Rect,
    /// With its title.
    pub(super) lives: Rect,
    pub(super) facts: Rect,
    /// Keys, a message, or what is typed.
    pub(super) footer: Rect,
}

/// What fills the screen between header and footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Page {
    #[default]
    Table,
    /// All facts of the picked process.
    Facts,
    Users,
    Help,
}

/// What there is to draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// Lines to type or to read.
    pub(super) footer: u16,
    /// Curves and facts: there are none of a group.
    pub(super) curves: bool,
    /// Births and exits, instead of the table if there is no room for both.
    pub(super) lives: bool,
}

impl Panes {
    /// Returns the panes; `None` if the screen is too small.
    pub(super) fn of(screen: Rect, page: Page, needs: Needs) -> Option<Self> {
        let (width, height) = (screen.width, screen.height);
        if width < LEAST.0 || height < LEAST.1 {
            return None;
        }
        let mut panes = Self::default();
        let has_footer = height >= WITH_FOOTER || needs.footer > 0;
        let state = u16::from(height >= WITH_STATE);
        let mut rest = screen;
        panes.header = cut_top(&mut rest, 1 + state);
        if has_footer {
            panes.footer = cut_bottom(&mut rest, needs.footer.clamp(1, (height / 4).max(1)));
        }
        if page != Page::Table {
            panes.facts = rest;
            return Some(panes);
        }
        if height < WITH_LIVES && needs.lives {
            panes.lives = rest;
            return Some(panes);
        }
        if width >= WITH_FACTS.0 && height >= WITH_FACTS.1 && needs.curves {
            let mut below = cut_bottom(&mut rest, height * 9 / 20);
            panes.facts = cut_right(&mut below, width / 2);
            cut_right(&mut below, 1);
            panes.lives = below;
        } else {
            if height >= WITH_LIVES {
                let lines = ((height - WITH_LIVES) / 3 + 2).min(12);
                panes.lives = cut_bottom(&mut rest, 1 + lines);
            }
            if width >= WITH_CURVES.0 && height >= WITH_CURVES.1 && needs.curves {
                panes.curves = cut_bottom(&mut rest, 3);
            }
        }
        panes.table = rest;
        Some(panes)
    }

    /// Returns the lines of the table below its headings.
    pub(super) fn rows(&self) -> Rect {
        let mut rows = self.table;
        cut_top(&mut rows, 1);
        rows
    }
}

fn cut_top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let top = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    top
}

fn cut_bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect {
        y: rest.bottom(),
        height,
        ..*rest
    }
}

fn cut_right(rest: &mut Rect, width: u16) -> Rect {
    let width = width.min(rest.width);
    rest.width -= width;
    Rect {
        x: rest.right(),
        width,
        ..*rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Needs = Needs {
        footer: 0,
        curves: true,
        lives: false,
    };

    #[test]
    fn panes_fill_the_screen_and_leave_it_in_order() {
        let mut before = 0;
        for height in 5..=60 {
            for width in [20, 40, 80, 140, 200] {
                let panes = Panes::of(Rect::new(0, 0, width, height), Page::Table, ALL).unwrap();
                assert!(panes.table.height >= 3, "{width} {height} {panes:?}");
                let below = panes.lives.height.max(panes.facts.height) + panes.curves.height;
                let all = panes.header.height + panes.table.height + panes.footer.height + below;
                assert_eq!(all, height);
                assert!(panes.lives.height != 0 || panes.curves.height == 0);
            }
            let panes = Panes::of(Rect::new(0, 0, 80, height), Page::Table, ALL).unwrap();
            let count = [panes.footer, panes.lives, panes.curves].map(|pane| pane.height.min(1));
            let count: u16 = count.iter().sum();
            assert!(count >= before, "{height}");
            before = count;
        }
        assert_eq!(Panes::of(Rect::new(0, 0, 19, 5), Page::Table, ALL), None);
        assert_eq!(Panes::of(Rect::new(0, 0, 20, 4), Page::Table, ALL), None);
    }
}
