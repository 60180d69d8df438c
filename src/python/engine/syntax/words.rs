//! From what the engine's parser says to what CPython's says.

use rustpython_vm as vm;
use vm::compiler::ParseError;
use vm::compiler::ast::token::TokenKind;
use vm::compiler::parser::{
    InterpolatedStringErrorType as Interpolated, LexicalErrorType as Lexical, ParseErrorType as Parser,
};

use super::targets::{self, Hint};
use super::tokens::{Kind, Token, Tokens, line_of};
use super::{Carets, Fault};

/// The source, its tokens, and where the parser stopped.
struct Stop<'a> {
    source: &'a str,
    tokens: &'a Tokens,
    start: usize,
    end: usize,
    /// The first token that is not before the stop.
    index: usize,
}

pub(super) fn of_parser(source: &str, tokens: &Tokens, error: &ParseError, start: usize, end: usize) -> Fault {
    let index = tokens.all.partition_point(|token| token.end <= start && !(token.start == start && token.end == start));
    let stop = Stop { source, tokens, start, end, index };
    let kind = &error.error;
    match kind {
        Parser::UnexpectedIndentation => Fault::indentation("unexpected indent", start),
        Parser::SimpleStatementsOnSameLine => stop.second_statement(),
        Parser::ExpectedToken { expected, .. } => stop.expected(*expected),
        Parser::InvalidAssignmentTarget => stop.target(),
        Parser::InvalidAugmentedAssignmentTarget => {
            let (kind, _) = targets::kind(&source[start..end]);
            Fault::syntax(format!("'{kind}' is an illegal expression for augmented assignment"), start).to(end)
        }
        Parser::InvalidDeleteTarget => {
            let (kind, _) = targets::kind(&source[start..end]);
            Fault::syntax(format!("cannot delete {kind}"), start).to(end)
        }
        Parser::InvalidNamedAssignmentTarget => {
            let (kind, _) = targets::kind(&source[start..end]);
            Fault::syntax(format!("cannot use assignment expressions with {kind}"), start).to(end)
        }
        Parser::InvalidAnnotatedAssignmentTarget => {
            let (kind, _) = targets::kind(&source[start..end]);
            let text = match kind {
                "list" | "tuple" => format!("only single target (not {kind}) can be annotated"),
                _ => "illegal target for annotation".to_owned(),
            };
            Fault::syntax(text, start).to(end)
        }
        Parser::PositionalAfterKeywordArgument => stop.end_of_call("positional argument follows keyword argument"),
        Parser::PositionalAfterKeywordUnpacking => {
            stop.end_of_call("positional argument follows keyword argument unpacking")
        }
        Parser::InvalidArgumentUnpackingOrder => {
            let text = "iterable argument unpacking follows keyword argument unpacking";
            Fault::syntax(text, start).to(start + 1)
        }
        Parser::DuplicateKeywordArgumentError(name) => {
            let fault = Fault::syntax(format!("keyword argument repeated: {name}"), start);
            Fault { carets: Carets::NoLine, ..fault }
        }
        Parser::UnparenthesizedGeneratorExpression => {
            Fault::syntax("Generator expression must be parenthesized", start).to(end)
        }
        Parser::UnparenthesizedTupleExpression => stop.at_token(stop.next(|token| stop.text(token) == ",")),
        Parser::NonDefaultParamAfterDefaultParam => {
            Fault::syntax("non-default argument follows default argument", start).to(end)
        }
        Parser::ExpectedKeywordParam => {
            let star = stop.before(|token| stop.text(token) == "*").unwrap_or(start);
            Fault::syntax("named arguments must follow bare *", star).to(star + 1)
        }
        Parser::ParamAfterVarKeywordParam => {
            Fault::syntax("arguments cannot follow var-keyword argument", start).to(end)
        }
        Parser::VarParameterWithDefault => {
            let star = stop.before(|token| stop.text(token).starts_with('*')).unwrap_or(start);
            let kind = if source[star..].starts_with("**") { "keyword" } else { "positional" };
            Fault::syntax(format!("var-{kind} argument cannot have default value"), start).to(end)
        }
        Parser::InvalidStarredExpressionUsage => Fault::syntax("cannot use starred expression here", start).to(end),
        Parser::FStringError(kind) | Parser::TStringError(kind) => stop.in_text(kind),
        Parser::Lexical(kind) => stop.lexical(kind),
        Parser::ExpectedExpression => stop.no_expression(),
        Parser::OtherError(said) => stop.other(said),
        _ => stop.generic(),
    }
}

/// What the compiler says: it has no line to show.
pub(super) fn of_compiler(source: &str, said: &str, at: usize) -> Fault {
    let inside = || {
        let before = source[..at].lines().rev();
        let depth = source[at - at.min(source[..at].len() - source[..at].rfind('\n').map_or(0, |i| i + 1))..]
            .chars()
            .take_while(|c| c.is_whitespace())
            .count();
        let line = &source[source[..at].rfind('\n').map_or(0, |i| i + 1)..];
        let opens = |line: &str| {
            let line = line.trim_start();
            line.starts_with("def ") || line.contains("lambda")
        };
        opens(line.split('\n').next().unwrap_or_default())
            || before.into_iter().any(|l| l.len() - l.trim_start().len() < depth.max(1) && opens(l))
    };
    let message = match said {
        "'continue' outside loop" => "'continue' not properly in loop".to_owned(),
        "'await' outside async function" if !inside() => "'await' outside function".to_owned(),
        "'import *' only allowed at module level" => "import * only allowed at module level".to_owned(),
        "future feature braces is not defined" => "not a chance".to_owned(),
        said if said.starts_with("cannot define nonlocal") => {
            "nonlocal declaration not allowed at module level".to_owned()
        }
        said => said.to_owned(),
    };
    Fault { carets: Carets::NoLine, ..Fault::syntax(message, at) }
}

impl Stop<'_> {
    fn text(&self, token: &Token) -> &str {
        &self.source[token.start..token.end]
    }

    fn here(&self) -> Option<&Token> {
        self.tokens.all.get(self.index)
    }

    fn previous(&self) -> Option<&Token> {
        self.tokens.all[..self.index].last()
    }

    /// The first token from here on that fits.
    fn next(&self, fits: impl Fn(&Token) -> bool) -> Option<&Token> {
        self.tokens.all[self.index..].iter().find(|token| fits(token))
    }

    /// The start of the last token before here that fits.
    fn before(&self, fits: impl Fn(&Token) -> bool) -> Option<usize> {
        self.tokens.all[..self.index].iter().rev().find(|token| fits(token)).map(|token| token.start)
    }

    fn generic(&self) -> Fault {
        self.at_token(self.here())
    }

    fn at_token(&self, token: Option<&Token>) -> Fault {
        match token {
            Some(token) if token.end > token.start => Fault::syntax("invalid syntax", token.start).to(token.end),
            Some(token) => Fault::syntax("invalid syntax", token.start),
            None => Fault::syntax("invalid syntax", self.start),
        }
    }

    /// The tokens of this logical line before here.
    fn line(&self) -> &[Token] {
        let all = &self.tokens.all[..self.index];
        let from = all.iter().rposition(|token| token.kind == Kind::Newline).map_or(0, |i| i + 1);
        &all[from..]
    }

    /// The words of the statement before here: after the last `;` or the colon of a block on the same line.
    fn statement(&self) -> &[Token] {
        let line = self.line();
        let from = line.iter().rposition(|token| token.level == 0 && matches!(self.text(token), ";" | ":"));
        &line[from.map_or(0, |i| i + 1)..]
    }

    fn second_statement(&self) -> Fault {
        let statement = self.statement();
        if let [word] = statement
            && matches!(self.text(word), "print" | "exec")
        {
            let word_text = self.text(word);
            let text = format!("Missing parentheses in call to '{word_text}'. Did you mean {word_text}(...)?");
            let end = self.next(|token| token.level == 0 && (token.kind == Kind::Newline || self.text(token) == ";"));
            return Fault::syntax(text, word.start).to(end.map_or(self.end, |token| token.start));
        }
        if self.here().is_some_and(|token| self.text(token) == "not") {
            // `a not in b` was still possible.
            return self.at_token(self.tokens.all.get(self.index + 1));
        }
        self.generic()
    }

    fn expected(&self, wanted: TokenKind) -> Fault {
        let Some(here) = self.here() else { return self.generic() };
        let text = self.text(here);
        let statement = self.line();
        let first = statement.first().map_or("", |token| self.text(token));
        match (wanted, text) {
            (_, "=") if here.level > 0 || matches!(first, "if" | "while" | "elif") => self.assignment_inside(),
            (TokenKind::Colon, _) if here.level == 0 && self.bracket().is_none_or(|_| text != "}") => {
                let forced = match first {
                    "def" | "try" | "else" | "finally" => true,
                    "async" => statement.get(1).is_some_and(|token| self.text(token) == "def"),
                    _ => false,
                };
                if here.kind == Kind::Newline || forced {
                    return Fault { message: "expected ':'".into(), ..self.generic() };
                }
                self.generic()
            }
            (TokenKind::Colon, _) if self.bracket() == Some("{") => {
                let place = self.previous().map_or(self.start, |token| token.start);
                Fault::syntax("':' expected after dictionary key", place)
            }
            (TokenKind::Lpar, _) => Fault { message: "expected '('".into(), ..self.generic() },
            (TokenKind::Else, _) => {
                let start = self.operand(|text| text == "if").unwrap_or(self.start);
                let end = self.previous().map_or(self.start, |token| token.end);
                Fault::syntax("expected 'else' after 'if' expression", start).to(end)
            }
            (_, "for") if self.bracket() == Some("[") || self.bracket() == Some("{") => {
                let end = self.previous().map_or(self.start, |token| token.end);
                let start = self.open_bracket().map_or(self.start, |token| token.end);
                Fault::syntax("did you forget parentheses around the comprehension target?", start).to(end)
            }
            _ if here.level > 0 && self.is_forgotten_comma(here) => {
                let start = self.operand(|_| false).unwrap_or(self.start);
                Fault::syntax("invalid syntax. Perhaps you forgot a comma?", start).to(self.operand_end())
            }
            _ => self.generic(),
        }
    }

    /// The bracket that is open here.
    fn open_bracket(&self) -> Option<&Token> {
        let here = self.here()?;
        // A closing bracket is counted as outside.
        let closes = here.kind == Kind::Op && matches!(self.text(here), ")" | "]" | "}");
        let level = here.level + usize::from(closes);
        self.tokens.all[..self.index]
            .iter()
            .rev()
            .find(|token| token.level == level && token.kind == Kind::Op && matches!(self.text(token), "(" | "[" | "{"))
    }

    fn bracket(&self) -> Option<&str> {
        self.open_bracket().map(|token| self.text(token))
    }

    /// Two expressions side by side in a bracket that is no list of parameters or imports.
    fn is_forgotten_comma(&self, here: &Token) -> bool {
        let starts = match here.kind {
            Kind::Name => !is_operator_word(self.text(here)),
            Kind::Number | Kind::Text => true,
            Kind::Op => matches!(self.text(here), "(" | "[" | "{" | "~" | "..."),
            Kind::Newline => false,
        };
        let Some(previous) = self.previous() else { return false };
        // A name before a string could be a prefix of it.
        let prefix = previous.kind == Kind::Name && here.kind == Kind::Text;
        let ends = match previous.kind {
            Kind::Name => !is_operator_word(self.text(previous)),
            Kind::Number | Kind::Text => true,
            Kind::Op => matches!(self.text(previous), ")" | "]" | "}" | "..."),
            Kind::Newline => false,
        };
        let line = self.line();
        let first = line.first().map_or("", |token| self.text(token));
        let heading = matches!(first, "def" | "from" | "import" | "async") && here.level == 1;
        starts && ends && !prefix && !heading
    }

    /// Where the expression that ends here begins: behind the last comma, bracket, `=` or colon on this level.
    fn operand(&self, stop: impl Fn(&str) -> bool) -> Option<usize> {
        let level = self.here()?.level;
        let all = &self.tokens.all[..self.index];
        let mut skipped_stop = false;
        let mut start = None;
        for token in all.iter().rev() {
            let text = self.text(token);
            let opens = token.kind == Kind::Op && matches!(text, "(" | "[" | "{") && token.level == level;
            let ends = token.level <= level
                && (opens && level > 0
                    || token.kind == Kind::Newline
                    || matches!(
                        text,
                        "," | "="
                            | ":"
                            | ";"
                            | ":="
                            | "return"
                            | "in"
                            | "and"
                            | "or"
                            | "not"
                            | "lambda"
                            | "if"
                            | "while"
                            | "elif"
                    )
                    || (text == "for" || text == "else"));
            if !skipped_stop && stop(text) {
                skipped_stop = true;
                continue;
            }
            if token.level < level || ends {
                break;
            }
            start = Some(token.start);
        }
        start
    }

    /// Where the expression that begins here ends.
    fn operand_end(&self) -> usize {
        let level = self.here().map_or(0, |token| token.level);
        let mut end = self.end;
        for token in &self.tokens.all[self.index..] {
            let text = self.text(token);
            let closes = token.kind == Kind::Op && matches!(text, ")" | "]" | "}") && token.level < level;
            if closes || (token.level == level && matches!(text, "," | "=" | ":" | "for" | "if")) {
                break;
            }
            if token.level == level && token.start > self.start {
                let before = end;
                if token.kind != Kind::Op
                    && !is_operator_word(text)
                    && !self.source[before..token.start].contains(['.', '('])
                {
                    break;
                }
            }
            end = token.end;
        }
        end
    }

    /// `=` where a comparison was meant.
    fn assignment_inside(&self) -> Fault {
        let start = self.operand(|_| false).unwrap_or(self.start);
        let end = self.previous().map_or(self.start, |token| token.end);
        let text = &self.source[start..end.max(start)];
        let here_is_keyword_argument = self.previous().is_some_and(|token| token.kind == Kind::Name) && {
            // `f(a = b = 1)`: the second sign has no reading.
            self.source[..start].trim_end().ends_with('=')
        };
        if here_is_keyword_argument {
            return self.generic();
        }
        match targets::kind(text) {
            ("name", _) => {
                let text = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                let end = self.tokens.all.get(self.index + 1).map_or(self.end, |token| token.end);
                Fault::syntax(text, start).to(end)
            }
            (kind, Hint::Fits) => {
                let text = format!("cannot assign to {kind} here. Maybe you meant '==' instead of '='?");
                Fault::syntax(text, start).to(end)
            }
            (kind @ ("True" | "False" | "None"), Hint::Misplaced) => {
                Fault::syntax(format!("cannot assign to {kind}"), start).to(end)
            }
            (_, Hint::Misplaced) => self.generic(),
        }
    }

    /// A target that cannot be assigned to.
    fn target(&self) -> Fault {
        let (kind, hint) = targets::kind(&self.source[self.start..self.end]);
        if kind == "yield expression" {
            return Fault::syntax("assignment to yield expression not possible", self.start).to(self.end);
        }
        let line = self.line();
        let first = line.first().map_or("", |token| self.text(token));
        let heading = matches!(first, "for" | "with" | "async");
        let level = self.here().map_or(0, |token| token.level);
        let chained = {
            let equals = |token: &&Token| token.level == 0 && self.text(token) == "=";
            let before = line.iter().filter(equals).count();
            let after =
                self.tokens.all[self.index..].iter().take_while(|t| t.kind != Kind::Newline).filter(equals).count();
            before + after > 1
        };
        let directly = self.source[self.end..].trim_start().starts_with('=');
        let text = if hint == Hint::Fits && !heading && !chained && directly && (level == 0 || self.starts_bracket()) {
            format!("cannot assign to {kind} here. Maybe you meant '==' instead of '='?")
        } else {
            format!("cannot assign to {kind}")
        };
        Fault::syntax(text, self.start).to(self.end)
    }

    /// The stop is at a bracket that is the expression itself.
    fn starts_bracket(&self) -> bool {
        self.here().is_some_and(|token| token.level == 1 && matches!(self.text(token), "(" | "[" | "{"))
    }

    fn end_of_call(&self, text: &str) -> Fault {
        let level = self.here().map_or(0, |token| token.level);
        let close = self.next(|token| token.kind == Kind::Op && token.level + 1 == level && self.text(token) == ")");
        let place = close.map_or(self.start, |token| token.start);
        Fault::syntax(text, place).to(place + 1)
    }

    fn no_expression(&self) -> Fault {
        if let Some(text) = self.here().filter(|token| token.kind == Kind::Text && token.start < self.start) {
            let open = self.source[text.start..self.start].trim_end().ends_with('{');
            let next = self.source[self.start..].trim_start().chars().next();
            return Fault::syntax(super::targets::in_braces(open, next), text.end);
        }
        let here = self.here();
        let before = self.previous().map_or("", |token| self.text(token));
        let first = self.line().first().map_or("", |token| self.text(token));
        match (first, before) {
            ("def" | "async", "->") => {
                let arrow = self.previous().map_or(self.start, |token| token.start);
                return Fault::syntax("expected ':'", arrow).to(arrow + 2);
            }
            ("def" | "async", "=") => {
                let sign = self.previous().map_or(self.start, |token| token.start);
                return Fault::syntax("expected default value expression", sign).to(sign + 1);
            }
            _ => {}
        }
        let after_colon = self.previous().is_some_and(|token| self.text(token) == ":");
        if after_colon && self.bracket() == Some("{") && here.is_some_and(|token| matches!(self.text(token), "}" | ","))
        {
            let place = self.previous().map_or(self.start, |token| token.start);
            return Fault::syntax("expression expected after dictionary key and ':'", place).to(place + 1);
        }
        if here.is_some_and(|token| self.text(token) == "**" && token.level > 0) && self.bracket() == Some("(") {
            return Fault::syntax("cannot use double starred expression here", self.start).to(self.operand_end());
        }
        self.generic()
    }

    fn in_text(&self, kind: &Interpolated) -> Fault {
        let end = self.here().map_or(self.end, |token| token.end);
        let said = match kind {
            Interpolated::UnclosedLbrace if !self.source[self.start..end].trim_matches(['"', '\'']).is_empty() => {
                "invalid syntax. Perhaps you forgot a comma?"
            }
            Interpolated::UnclosedLbrace => "expecting '}'",
            Interpolated::SingleRbrace => "single '}' is not allowed",
            Interpolated::InvalidConversionFlag => "invalid conversion character: expected 's', 'r', or 'a'",
            _ => "invalid syntax",
        };
        Fault::syntax(format!("f-string: {said}"), end)
    }

    fn lexical(&self, kind: &Lexical) -> Fault {
        match kind {
            Lexical::UnicodeError | Lexical::MissingUnicodeLbrace | Lexical::MissingUnicodeRbrace => self.escape(),
            Lexical::InvalidByteLiteral => {
                Fault { message: "bytes can only contain ASCII literal characters".into(), ..self.generic() }
            }
            Lexical::FStringError(kind) | Lexical::TStringError(kind) => self.in_text(kind),
            Lexical::UnclosedStringError if self.here().is_some_and(|token| token.start < self.start) => {
                Fault::syntax("f-string: expecting '}'", self.here().map_or(self.end, |token| token.end))
            }
            Lexical::Eof => Fault::syntax("invalid syntax", self.source.trim_end().len()),
            _ => self.generic(),
        }
    }

    /// An escape in a string that says no letter.
    fn escape(&self) -> Fault {
        let Some(token) = self.here() else { return self.generic() };
        let text = self.text(token);
        let body = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let body = &body[if body.starts_with("\"\"\"") || body.starts_with("'''") { 3 } else { 1 }..];
        let bytes = body.as_bytes();
        let mut i = 0;
        while i + 1 < bytes.len() {
            if bytes[i] != b'\\' {
                i += 1;
                continue;
            }
            let (wanted, name) = match bytes[i + 1] {
                b'x' => (2, "\\xXX"),
                b'u' => (4, "\\uXXXX"),
                b'U' => (8, "\\UXXXXXXXX"),
                b'N' => (0, "\\N{...}"),
                _ => {
                    i += 2;
                    continue;
                }
            };
            let digits = bytes[i + 2..].iter().take(wanted).take_while(|b| b.is_ascii_hexdigit()).count();
            let (last, why) = if wanted == 0 {
                match body[i..].find('}') {
                    Some(close) if bytes.get(i + 2) == Some(&b'{') => (i + close, "unknown Unicode character name"),
                    _ => (i + 1, "malformed \\N character escape"),
                }
            } else if digits < wanted {
                (i + 1 + digits, "truncated ")
            } else {
                i += 2 + wanted;
                continue;
            };
            let why = if why == "truncated " { format!("truncated {name} escape") } else { why.to_owned() };
            let said =
                format!("(unicode error) 'unicodeescape' codec can't decode bytes in position {i}-{last}: {why}");
            return Fault::syntax(said, token.start).to(token.end);
        }
        self.generic()
    }

    fn other(&self, said: &str) -> Fault {
        if let Some(block) = said.strip_prefix("Expected an indented block after ") {
            return self.no_block(block);
        }
        if said.starts_with("Expected `except` or `finally`") {
            return Fault { message: "expected 'except' or 'finally' block".into(), ..self.generic() };
        }
        if self.here().is_some_and(|token| token.level > 0 && self.text(token) == "=") && said.contains("or a '") {
            return self.assignment_inside();
        }
        if said == "Expected a parameter name" {
            let text = &self.source[self.start..self.end];
            let message = match text {
                "True" | "False" | "None" => format!("cannot assign to {text}"),
                _ => "expression cannot contain assignment, perhaps you meant \"==\"?".to_owned(),
            };
            let equals = self.next(|token| self.text(token) == "=").map_or(self.end, |token| token.end);
            return Fault::syntax(message, self.start).to(equals);
        }
        if said.starts_with("Bytes literal cannot be mixed") {
            return Fault::syntax("cannot mix bytes and nonbytes literals", self.start).to(self.end);
        }
        if said.starts_with("Cannot have both 'except' and 'except*'") {
            let text = "cannot have both 'except' and 'except*' on the same 'try'";
            return Fault::syntax(text, self.start).to(self.start + "except".len());
        }
        if said == "Trailing comma not allowed" {
            let first = self.line().first().map_or("", |token| self.text(token));
            let newline = self.next(|token| token.kind == Kind::Newline);
            let fault = self.at_token(newline);
            return if first == "from" {
                Fault { message: "trailing comma not allowed without surrounding parentheses".into(), ..fault }
            } else {
                fault
            };
        }
        if said.starts_with("Star import must be") {
            return self.at_token(self.tokens.all.get(self.index + 1));
        }
        for (sign, name) in [('*', "* argument may appear only once"), ('/', "/ may appear only once")] {
            if said.starts_with("Only one") && said.contains(&format!("'{sign}'")) {
                return Fault::syntax(name, self.start).to(self.start + 1);
            }
        }
        self.generic()
    }

    fn no_block(&self, block: &str) -> Fault {
        let what = match block.split(' ').next().unwrap_or_default().trim_matches('`') {
            "function" => "function definition".to_owned(),
            "class" => "class definition".to_owned(),
            word => format!("'{word}' statement"),
        };
        // The colon that opened the block, and the line of its statement.
        let all = &self.tokens.all[..self.index];
        let colon = all.iter().rposition(|token| token.level == 0 && self.text(token) == ":").unwrap_or(0);
        let from = all[..colon].iter().rposition(|token| token.kind == Kind::Newline).map_or(0, |i| i + 1);
        let line = line_of(self.source, all.get(from).map_or(0, |token| token.start));
        let fault = self.generic();
        let fault = match fault.carets {
            Carets::To(_) => fault,
            Carets::One | Carets::None | Carets::NoLine => Fault { carets: Carets::None, ..fault },
        };
        let message = format!("expected an indented block after {what} on line {line}");
        Fault { class: super::Class::Indentation, message, ..fault }
    }
}

fn is_operator_word(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
        "raise", "return", "try", "while", "with", "yield",
    ];
    WORDS.contains(&text) && !matches!(text, "lambda" | "not" | "await")
}

/// The greatest number of operators that one expression hangs together: an upper bound of how deep it nests.
pub(super) fn longest_expression(source: &str, tokens: &Tokens) -> usize {
    let mut levels = vec![0_usize];
    let mut longest = 0;
    for token in &tokens.all {
        levels.resize(token.level + 1, 0);
        let text = &source[token.start..token.end];
        let count = &mut levels[token.level];
        let breaks = token.kind == Kind::Newline || matches!(text, "," | ";");
        if breaks {
            *count = 0;
        } else if token.kind == Kind::Op || is_operator_word(text) || matches!(text, "lambda" | "not" | "await") {
            *count += 1;
            longest = longest.max(levels.iter().sum());
        }
    }
    longest
}
