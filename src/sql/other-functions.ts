/**
 * Functions that MySQL, SQLite, SQL Server, BigQuery, Snowflake, Redshift and Oracle bring along, that compute and do nothing
 * else. PostgreSQL has none of these names; where somebody added one, it is to have the same function.
 */
const OTHER = `
  add_months adddate addtime approx_count_distinct arrayagg bin charindex choose convert_timezone
  count_if countif curdate curtime date_diff date_format date_from_parts date_from_unix_date datediff dateadd datefromparts
  datename datepart dateserial datetime datetime_add datetime_diff datetime_sub datetime_trunc datetimefromparts
  day dayname dayofmonth dayofweek dayofyear editdistance elt endswith eomonth epoch_ms field find_in_set
  format_date format_datetime format_timestamp from_days from_unixtime getdate getutcdate glob group_concat hex hour
  iff ifnull iif instr isdate isnull isnumeric json_array json_array_insert json_contains json_extract
  json_extract_scalar json_group_array json_group_object json_length json_patch json_query json_quote json_remove
  json_replace json_search json_set json_tree json_type json_unquote json_valid json_value julianday last_day lcase
  len likelihood likely listagg locate log2 makedate maketime median microsecond mid minute month monthname
  months_between nchar next_day nullifzero nvl nvl2 parse_date parse_datetime parse_timestamp parsename patindex
  percentile_approx period_add period_diff printf quarter quotename regexp regexp_contains regexp_extract
  regexp_extract_all replicate rlike safe_cast safe_divide sec_to_time second soundex space split sqlite_version square
  starts_with startswith str str_to_date strcmp strftime stuff subdate substring_index subtime switchoffset sysdate
  sysdatetime sysutcdatetime time_diff time_format time_to_sec time_trunc timediff timestamp_add timestamp_diff
  timestamp_micros timestamp_millis timestamp_seconds timestamp_sub timestamp_trunc timestampadd timestampdiff
  to_base64 to_days to_seconds to_varchar todatetimeoffset total try_cast try_convert try_to_date try_to_number
  typeof ucase unhex unicode unix_date unix_micros unix_millis unix_seconds unix_timestamp unixepoch unlikely
  utc_date utc_time utc_timestamp week weekday weekofyear year yearweek zeroblob zeroifnull
`;

export const OTHER_FUNCTIONS: ReadonlySet<string> = new Set(OTHER.trim().split(/\s+/));
