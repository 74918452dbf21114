//! All keys, in one table: the help screen, the manual page and docs/top.md have it.

use ratatui::crossterm::event::KeyCode;

use super::action::Action as A;
use super::action::Code::{self, Char, Ctrl, F, Plain};

/// A line of the help: keys that do the same, or the two that do it forth and back.
#[derive(Debug)]
pub(super) struct Key {
    /// Names of the keys, for people.
    pub(super) names: &'static str,
    pub(super) about: &'static str,
    /// In the order of the names.
    pub(super) codes: &'static [(Code, A)],
}

/// Keys about one thing.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    /// Only a replay has them.
    pub(super) is_of_replay: bool,
    pub(super) keys: &'static [Key],
}

const fn key(names: &'static str, about: &'static str, codes: &'static [(Code, A)]) -> Key {
    Key {
        names,
        about,
        codes,
    }
}

/// All keys.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "Move",
        is_of_replay: false,
        keys: &[
            key(
                "Up, k",
                "Pick the line above",
                &[(Plain(KeyCode::Up), A::Up), (Char('k'), A::Up)],
            ),
            key(
                "Down, j",
                "Pick the line below",
                &[(Plain(KeyCode::Down), A::Down), (Char('j'), A::Down)],
            ),
            key(
                "PgUp, Ctrl-B",
                "Go up one screen",
                &[(Plain(KeyCode::PageUp), A::PageUp), (Ctrl('b'), A::PageUp)],
            ),
            key(
                "PgDn, Ctrl-F",
                "Go down one screen",
                &[
                    (Plain(KeyCode::PageDown), A::PageDown),
                    (Ctrl('f'), A::PageDown),
                ],
            ),
            key(
                "Home, g",
                "Pick the first line, whatever it is",
                &[(Plain(KeyCode::Home), A::First), (Char('g'), A::First)],
            ),
            key(
                "End, G",
                "Pick the last line",
                &[(Plain(KeyCode::End), A::Last), (Char('G'), A::Last)],
            ),
            key(
                "Left, Right",
                "Scroll long texts",
                &[
                    (Plain(KeyCode::Left), A::Left),
                    (Plain(KeyCode::Right), A::Right),
                ],
            ),
            key("F", "Follow the picked process", &[(Char('F'), A::Follow)]),
            key(
                "Tab",
                "Go to births and exits, and back",
                &[
                    (Plain(KeyCode::Tab), A::Pane),
                    (Plain(KeyCode::BackTab), A::Pane),
                ],
            ),
            key(
                "Enter",
                "Show all of a process, or the processes of a group",
                &[(Plain(KeyCode::Enter), A::Enter)],
            ),
            key(
                "Esc",
                "Go back; end filter, user and search",
                &[(Plain(KeyCode::Esc), A::Back)],
            ),
        ],
    },
    Section {
        title: "Choose",
        is_of_replay: false,
        keys: &[
            key(
                "F4, \\",
                "Filter by name and command line while you type",
                &[(F(4), A::Filter), (Char('\\'), A::Filter)],
            ),
            key(
                "F3, /",
                "Search while you type",
                &[(F(3), A::Search), (Char('/'), A::Search)],
            ),
            key(
                "n, p, Shift-F3",
                "Find the next one; the one before (p, Shift-F3)",
                &[
                    (Char('n'), A::SearchNext),
                    (Char('p'), A::SearchBack),
                    (F(15), A::SearchBack),
                ],
            ),
            key(
                "0-9",
                "Pick the process with the pid that you type",
                &[
                    (Char('0'), A::Pid('0')),
                    (Char('1'), A::Pid('1')),
                    (Char('2'), A::Pid('2')),
                    (Char('3'), A::Pid('3')),
                    (Char('4'), A::Pid('4')),
                    (Char('5'), A::Pid('5')),
                    (Char('6'), A::Pid('6')),
                    (Char('7'), A::Pid('7')),
                    (Char('8'), A::Pid('8')),
                    (Char('9'), A::Pid('9')),
                ],
            ),
            key(
                "u",
                "List users: letters pick one, Enter chooses it",
                &[(Char('u'), A::Users)],
            ),
            key("K", "Hide kernel threads", &[(Char('K'), A::HideKernel)]),
            key(
                "F5, t",
                "Show a tree",
                &[(F(5), A::Tree), (Char('t'), A::Tree)],
            ),
            key(
                "-, +, =",
                "Collapse a line of the tree; expand it (+, =)",
                &[
                    (Char('-'), A::Collapse),
                    (Char('+'), A::Expand),
                    (Char('='), A::Expand),
                ],
            ),
            key(
                "*",
                "Expand all lines of the tree, or collapse them",
                &[(Char('*'), A::ToggleAll)],
            ),
            key(
                "o",
                "Show groups: name, user, container, unit, executable",
                &[(Char('o'), A::Groups)],
            ),
            key("Space", "Pause, and go on", &[(Char(' '), A::Pause)]),
            key(
                "x",
                "List all births and exits, exits, or failed exits",
                &[(Char('x'), A::Lives)],
            ),
        ],
    },
    Section {
        title: "Sort",
        is_of_replay: false,
        keys: &[
            key("P", "By CPU use", &[(Char('P'), A::SortBy("cpu_percent"))]),
            key("M", "By memory", &[(Char('M'), A::SortBy("rss_bytes"))]),
            key("T", "By CPU time", &[(Char('T'), A::SortBy("cpu_time_ms"))]),
            key("N", "By pid", &[(Char('N'), A::SortBy("pid"))]),
            key(
                "<, >, F6",
                "By the column to the left; to the right (>, F6)",
                &[
                    (Char('<'), A::SortLeft),
                    (Char('>'), A::SortRight),
                    (F(6), A::SortRight),
                ],
            ),
            key("I", "Reverse the order", &[(Char('I'), A::Invert)]),
        ],
    },
    Section {
        title: "Replay",
        is_of_replay: true,
        keys: &[
            key(
                "., ,",
                "One scan forward, or back",
                &[(Char('.'), A::Scans(1)), (Char(','), A::Scans(-1))],
            ),
            key(
                "], [",
                "10 seconds forward, or back",
                &[(Char(']'), A::Jump(10_000)), (Char('['), A::Jump(-10_000))],
            ),
            key(
                "}, {",
                "1 minute forward, or back",
                &[(Char('}'), A::Jump(60_000)), (Char('{'), A::Jump(-60_000))],
            ),
            key(
                "), (",
                "Faster, slower",
                &[(Char(')'), A::Faster), (Char('('), A::Slower)],
            ),
            key(
                "B, E",
                "Go to the beginning, or the end",
                &[(Char('B'), A::Begin), (Char('E'), A::End)],
            ),
        ],
    },
    Section {
        title: "Program",
        is_of_replay: false,
        keys: &[
            key(
                "F1, ?, h",
                "Show this list",
                &[(F(1), A::Help), (Char('?'), A::Help), (Char('h'), A::Help)],
            ),
            key("Ctrl-L", "Draw the screen again", &[(Ctrl('l'), A::Redraw)]),
            key("Ctrl-Z", "Suspend pscan", &[(Ctrl('z'), A::Suspend)]),
            key(
                "q",
                "Quit, or go back from a page",
                &[(Char('q'), A::Leave)],
            ),
            key(
                "F10, Ctrl-C",
                "Quit",
                &[(F(10), A::Quit), (Ctrl('c'), A::Quit)],
            ),
        ],
    },
];
