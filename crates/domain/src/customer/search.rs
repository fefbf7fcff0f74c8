//! `GET /v1/customers/search`: reading the query.

use super::fault;
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;

/// Results of a page when nothing is said, as in recorded answers.
pub const DEFAULT_LIMIT: u32 = 10;
/// The most results of a page.
pub const MAX_LIMIT: u32 = 1_000;
/// The longest value of a filter.
const MAX_VALUE: usize = 255;

/// A date of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Date {
    /// `date_created`
    Created,
    /// `date_last_updated`
    Updated,
}

/// What a search is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A date.
    Date(Date),
    /// The user's id, with which the public id begins.
    Id,
    /// `first_name`
    FirstName,
    /// `last_name`
    LastName,
}

/// A search, as it was asked. Texts are in lower case: no filter tells capitals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerQuery {
    /// `id`
    pub id: Option<String>,
    /// `email`
    pub email: Option<String>,
    /// `first_name`
    pub first_name: Option<String>,
    /// `last_name`
    pub last_name: Option<String>,
    /// `identification.type`
    pub identification_type: Option<String>,
    /// `identification.number`
    pub identification_number: Option<String>,
    /// `phone.area_code`
    pub phone_area_code: Option<String>,
    /// `phone.number`
    pub phone_number: Option<String>,
    /// Filters that all customers pass or fail alike: the seller, the application's mode, the status.
    pub always: Always,
    /// `range`
    pub range: Option<(Date, Option<Timestamp>, Option<Timestamp>)>,
    /// `sort`
    pub sort: Sort,
    /// `order`
    pub descending: bool,
    /// `limit`
    pub limit: u32,
    /// `offset`
    pub offset: u32,
}

/// What is the same for all of a seller's customers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Always {
    /// `merchant_id`
    pub merchant_id: Option<String>,
    /// `live_mode`
    pub live_mode: Option<String>,
    /// `status`
    pub status: Option<String>,
}

impl CustomerQuery {
    /// Reads the pairs of a query. Names that are no attribute of a customer are ignored: clients send their own.
    ///
    /// # Errors
    /// 200 to 203 for a range, 204 for a filter, 205 for a page, 206 to 208 for a sort that can't be read.
    pub fn read(query: &[(String, String)]) -> Result<CustomerQuery, Refusal> {
        let raw = |name: &str| {
            query
                .iter()
                .find(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
                .map(|(_, value)| value.as_str())
        };
        let word = |name: &str| match raw(name) {
            Some(text) if text.chars().count() > MAX_VALUE => Err(fault("204", "invalid filters")),
            Some(text) => Ok(Some(text.to_lowercase())),
            None => Ok(None),
        };
        let number = |name: &str, default: u32| match raw(name) {
            None => Ok(default),
            Some(text) => text.parse::<u32>().map_err(|_| fault("205", "invalid query format")),
        };
        let limit = number("limit", DEFAULT_LIMIT)?;
        if limit > MAX_LIMIT {
            return Err(fault("205", "invalid query format"));
        }
        let (sort, named_order) = sort(raw("sort"))?;
        let order = raw("order").or_else(|| raw("criteria")).or(named_order).map(str::to_lowercase);
        let descending = match order.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(fault("207", "invalid sort order")),
        };
        Ok(CustomerQuery {
            id: raw("id").map(str::to_owned),
            email: word("email")?,
            first_name: word("first_name")?,
            last_name: word("last_name")?,
            identification_type: word("identification.type")?,
            identification_number: word("identification.number")?,
            phone_area_code: word("phone.area_code")?,
            phone_number: word("phone.number")?,
            always: Always {
                merchant_id: word("merchant_id")?,
                live_mode: word("live_mode")?,
                status: word("status")?,
            },
            range: raw("range").map(range).transpose()?,
            sort,
            descending,
            limit,
            offset: number("offset", 0)?,
        })
    }
}

/// `date_created`, or with its order: `date_created:desc`.
fn sort(text: Option<&str>) -> Result<(Sort, Option<&str>), Refusal> {
    let Some(text) = text else { return Ok((Sort::Date(Date::Created), None)) };
    let (attribute, order) = match text.split_once(':') {
        Some((_, order)) if order.contains(':') => return Err(fault("208", "invalid sort format")),
        Some((attribute, order)) => (attribute, Some(order)),
        None => (text, None),
    };
    let sort = match attribute.to_lowercase().as_str() {
        "id" => Sort::Id,
        "date_created" => Sort::Date(Date::Created),
        "date_last_updated" => Sort::Date(Date::Updated),
        "first_name" => Sort::FirstName,
        "last_name" => Sort::LastName,
        _ => return Err(fault("206", "invalid sort attribute")),
    };
    Ok((sort, order))
}

/// `date_created:after::2026-01-01T00:00:00.000-04:00,before::2026-02-01T00:00:00.000-04:00`: one bound or both.
fn range(text: &str) -> Result<(Date, Option<Timestamp>, Option<Timestamp>), Refusal> {
    let malformed = || fault("200", "invalid range format");
    let (attribute, bounds) = text.split_once(':').ok_or_else(malformed)?;
    let date = match attribute {
        "date_created" => Date::Created,
        "date_last_updated" => Date::Updated,
        _ => return Err(fault("201", "range attribute must belong to date entity")),
    };
    let (mut after, mut before) = (None, None);
    for bound in bounds.split(',') {
        let (name, at) = bound.split_once("::").ok_or_else(malformed)?;
        let (place, code) = match name.trim() {
            "after" => (&mut after, fault("202", "invalid 'after' parameter")),
            "before" => (&mut before, fault("203", "invalid 'before' parameter")),
            _ => return Err(malformed()),
        };
        if place.is_some() {
            return Err(malformed());
        }
        // A `+` that a client did not escape arrives as a space.
        *place = Some(Timestamp::parse(&at.trim().replace(' ', "+")).ok_or(code)?);
    }
    Ok((date, after, before))
}
