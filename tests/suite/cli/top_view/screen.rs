//! What a terminal displays: as much of one as `pscan top` needs.

/// A screen of characters, and the modes that a program has set.
pub(super) struct Screen {
    lines: Vec<Vec<char>>,
    /// Line and column of the cursor, from 0.
    at: (usize, usize),
    /// Bytes of a sequence or character that is not complete.
    rest: Vec<u8>,
    pub(super) is_alternate: bool,
    pub(super) is_cursor_hidden: bool,
    pub(super) has_mouse: bool,
    /// All that was written.
    pub(super) bytes: Vec<u8>,
}

impl Screen {
    pub(super) fn new(columns: u16, lines: u16) -> Self {
        Self {
            lines: vec![vec![' '; columns.into()]; lines.into()],
            at: (0, 0),
            rest: Vec::new(),
            is_alternate: false,
            is_cursor_hidden: false,
            has_mouse: false,
            bytes: Vec::new(),
        }
    }

    pub(super) fn resize(&mut self, columns: u16, lines: u16) {
        self.lines = vec![vec![' '; columns.into()]; lines.into()];
    }

    /// Returns the lines without spaces at their ends.
    pub(super) fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let line: String = line.iter().collect();
            line.trim_end().to_owned() + "\n"
        });
        lines.collect()
    }

    /// Returns the last column that has text, from 1.
    pub(super) fn width(&self) -> usize {
        let text = self.text();
        text.lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.rest.extend_from_slice(bytes);
        while let Some(len) = self.step() {
            self.rest.drain(..len);
        }
    }

    /// Takes a sequence or a character, and returns its length; `None` if it is not complete.
    fn step(&mut self) -> Option<usize> {
        let rest = self.rest.clone();
        match rest[..] {
            [] | [0x1b] => None,
            [0x1b, b'[', ref sequence @ ..] => {
                let end = sequence
                    .iter()
                    .position(|byte| (0x40..=0x7e).contains(byte))?;
                let parameters = std::str::from_utf8(&sequence[..end]).unwrap().to_owned();
                self.obey(&parameters, sequence[end]);
                Some(2 + end + 1)
            }
            [0x1b, ..] => Some(2),
            [b'\r', ..] => {
                self.at.1 = 0;
                Some(1)
            }
            [b'\n', ..] => {
                self.at.0 = (self.at.0 + 1).min(self.lines.len() - 1);
                Some(1)
            }
            [first, ..] if first < 0x20 => Some(1),
            [first, ..] => {
                let len = match first {
                    ..=0x7f => 1,
                    0x80..=0xdf => 2,
                    0xe0..=0xef => 3,
                    _ => 4,
                };
                let c = std::str::from_utf8(rest.get(..len)?)
                    .unwrap()
                    .chars()
                    .next()?;
                self.put(c);
                Some(len)
            }
        }
    }

    fn put(&mut self, c: char) {
        let (line, column) = self.at;
        if let Some(cell) = self
            .lines
            .get_mut(line)
            .and_then(|line| line.get_mut(column))
        {
            *cell = c;
        }
        self.at.1 += 1;
    }

    fn obey(&mut self, parameters: &str, command: u8) {
        let mut numbers = parameters
            .split(';')
            .map(|number| number.parse().unwrap_or(1));
        match (command, parameters) {
            (b'H', _) => {
                let line: usize = numbers.next().unwrap_or(1);
                let column: usize = numbers.next().unwrap_or(1);
                self.at = (line - 1, column - 1);
            }
            (b'J', "2") => self.lines.iter_mut().for_each(|line| line.fill(' ')),
            (b'h' | b'l', "?1049") => self.is_alternate = command == b'h',
            (b'h' | b'l', "?25") => self.is_cursor_hidden = command == b'l',
            (b'h' | b'l', "?1000") => self.has_mouse = command == b'h',
            _ => {}
        }
    }
}
