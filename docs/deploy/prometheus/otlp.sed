# Rewrites the dashboard and the alerts for metrics that came by OTLP, under the names that Prometheus and OpenTelemetry's
# collector give them. docs/deploy.md describes it:
#     sed -E -f otlp.sed alerts.yml >alerts-otlp.yml
#     sed -E -f otlp.sed ../grafana/pscan.json >pscan-otlp.json

# There is no `up`: a host is down if it sent before, and sends no more.
s/\(up(\{[^}]*\}) == 0 and on \(job, instance\) last_over_time\(pscan_build_info\{[^}]*\}(\[[^]]*\])\)\)/(last_over_time(system_process_count\1\2) unless system_process_count\1)/g
s/up\{job="pscan"\} == 0 or absent\(up\{job="pscan"\}\)/last_over_time(system_process_count{job="pscan"}[1h]) unless system_process_count/g
s/cannot be scraped at/sends nothing any more:/g
s/Hosts that are scraped/Hosts that send/g
s/(pscan was|hosts whose pscan was) scraped/hosts that sent/g

# pscan itself is its own group, if groups are names.
s/process_resident_memory_bytes(\{[^}]*)(\\")\} and on \(job, instance\) pscan_build_info unless on \(job, instance\) node_exporter_build_info/process_memory_usage_bytes\1\2,pscan_group=\2pscan\2}/g
s/process_start_time_seconds\{job="pscan"\}/pscan_group_oldest_start_time_seconds{job="pscan",pscan_group="pscan"}/g
s/pscan_build_info/system_process_count/g

# Labels. Some have the name of their metric.
s/(pscan_scan_total\{[^}]*)result=/\1pscan_scan_result=/g
s/(pscan_otlp_requests_total\{[^}]*)result=/\1pscan_otlp_result=/g
s/(by \(|\{\{)result/\1pscan_otlp_result/g
s/(pscan_scan_events_total\{[^}]*)kind=/\1pscan_event_kind=/g
s/([{,])kind=/\1pscan_group_kind=/g
s/([{,])group=/\1pscan_group=/g
s/([{,])outcome=/\1pscan_exit_outcome=/g
s/([{,])state=/\1pscan_state=/g
s/([{,])thread=/\1pscan_scan_thread=/g
s/(by \([a-z, ]*|\{\{|labels\.|, )group(, outcome)?( \}|\}|\))/\1pscan_group\2\3/g
s/(by \([a-z_, ]*|\{\{|labels\.)outcome/\1pscan_exit_outcome/g
s/(by \(|\{\{)state/\1pscan_state/g
s/(by \(|\{\{)thread/\1pscan_scan_thread/g
s/(by \([a-z, ]*|\{\{|labels\.)signal/\1pscan_otlp_signal/g

# Metrics.
s/pscan_group_cpu_seconds_total/process_cpu_time_seconds_total/g
s/pscan_group_resident_memory_bytes/process_memory_usage_bytes/g
s/pscan_group_threads/process_thread_count/g
s/pscan_scan_processes/system_process_count/g
s/pscan_scan_total/pscan_scan_count_total/g
s/pscan_scan_cpu_seconds_total/pscan_scan_cpu_time_seconds_total/g
s/pscan_scan_table_bytes/pscan_scan_table_size_bytes/g

# A dashboard of its own.
s/"uid": "pscan"/"uid": "pscan-otlp"/
s/"title": "pscan: groups of processes"/"title": "pscan: groups of processes, by OTLP"/
