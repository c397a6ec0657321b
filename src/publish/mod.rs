//! 3. Tell. Only renders a `Report`; knows neither probes nor rules.
