//! Days of the calendar.

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;
/// 9999-12-31T23:59:59.999Z, the last moment of a four-digit year.
const LAST: u64 = 253_402_300_799_999;

/// A day in UTC, `2026-01-31` (civil calendar from a count of days, after Hinnant).
pub(crate) fn date(milliseconds: u64) -> String {
    let days = milliseconds / DAY + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The end of a day in UTC, in milliseconds since 1970.
pub(crate) fn end_of_day(milliseconds: u64) -> u64 {
    milliseconds / DAY * DAY + DAY - 1
}

/// A moment as a person would write it: a day where it is the end of one, else the time in UTC; what no calendar has,
/// as milliseconds.
pub(crate) fn moment(milliseconds: u64) -> String {
    if milliseconds > LAST {
        return milliseconds.to_string();
    }
    if milliseconds == end_of_day(milliseconds) {
        return date(milliseconds);
    }
    let (seconds, rest) = (milliseconds % DAY / 1000, milliseconds % 1000);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    format!(
        "{}T{hours:02}:{:02}:{:02}.{rest:03}+00:00",
        date(milliseconds),
        minutes % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::{date, end_of_day, moment};

    #[test]
    fn moments() {
        assert_eq!(moment(1_767_225_599_999), "2025-12-31");
        assert_eq!(moment(1_767_225_600_000), "2026-01-01T00:00:00.000+00:00");
        assert_eq!(moment(1_767_272_645_006), "2026-01-01T13:04:05.006+00:00");
        assert_eq!(moment(253_402_300_800_000), "253402300800000");
    }

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400_000), "2000-02-29");
        assert_eq!(date(1_767_225_599_999), "2025-12-31");
        assert_eq!(end_of_day(5), 86_399_999);
    }
}
