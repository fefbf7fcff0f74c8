//! The search of customers: from what was asked to the page that answers it.

use crate::{Engine, Failure};
use pasarela_domain::customer::search::{CustomerQuery, Date, Sort};
use pasarela_domain::identity::{AccountId, Caller};
use pasarela_store::{CustomerDate, CustomerPage, CustomerSearch, CustomerSort, CustomerWords};
use pasarela_vault::Purpose;
use serde_json::json;

impl Engine {
    /// `GET /v1/customers/search`: `{"paging", "results"}`.
    ///
    /// # Errors
    /// 200 to 208, as documented.
    pub async fn search_customers(
        &self,
        caller: &Caller,
        query: &[(String, String)],
    ) -> Result<Vec<u8>, Failure> {
        let query = CustomerQuery::read(query)?;
        let (limit, offset) = (query.limit, query.offset);
        let is = |asked: &Option<String>, has: &str| asked.as_deref().is_none_or(|asked| asked == has);
        let is_possible = is(&query.always.merchant_id, &caller.account_id.to_string())
            && is(&query.always.live_mode, if caller.mode.is_live() { "true" } else { "false" })
            && is(&query.always.status, "active");
        let user_id = match &query.id {
            Some(id) => match self.load_customer(caller, id).await {
                Ok((record, _)) => Some(Some(record.user_id)),
                Err(Failure::Refused(_)) => None,
                Err(failure) => return Err(failure),
            },
            None => Some(None),
        };
        let page = match user_id {
            Some(user_id) if is_possible => {
                self.inner.store.search_customers(self.search_of(caller, query, user_id)).await?
            }
            _ => CustomerPage::default(),
        };
        Ok(answer(&page, limit, offset))
    }

    fn search_of(&self, caller: &Caller, query: CustomerQuery, user_id: Option<AccountId>) -> CustomerSearch {
        const fn date(date: Date) -> CustomerDate {
            match date {
                Date::Created => CustomerDate::Created,
                Date::Updated => CustomerDate::Updated,
            }
        }
        let (range, begin, end) = match query.range {
            Some((range, begin, end)) => (date(range), begin, end),
            None => (CustomerDate::Created, None, None),
        };
        CustomerSearch {
            account_id: caller.account_id,
            mode: caller.mode,
            user_id,
            email: query.email.map(|email| self.inner.vault.lookup(Purpose::Email, &email)),
            words: CustomerWords {
                first_name: query.first_name,
                last_name: query.last_name,
                identification_type: query.identification_type,
                identification_number: query.identification_number,
                phone_area_code: query.phone_area_code,
                phone_number: query.phone_number,
            },
            range,
            begin,
            end,
            sort: match query.sort {
                Sort::Date(sorted) => CustomerSort::Date(date(sorted)),
                Sort::Id => CustomerSort::Id,
                Sort::FirstName => CustomerSort::FirstName,
                Sort::LastName => CustomerSort::LastName,
            },
            descending: query.descending,
            limit: query.limit,
            offset: query.offset,
        }
    }
}

/// `{"paging": …, "results": […]}` of the stored bodies.
fn answer(page: &CustomerPage, limit: u32, offset: u32) -> Vec<u8> {
    let paging = json!({"limit": limit, "offset": offset, "total": page.total});
    let mut out = format!("{{\"paging\":{paging},\"results\":[").into_bytes();
    for (at, body) in page.bodies.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(body);
    }
    out.extend_from_slice(b"]}");
    out
}
