"""Keys that Codex knows and this program doesn't use: they are left alone, without a warning.

From the `ConfigToml`, `ConfigProfile` and `ModelProviderInfo` structures of openai/codex (codex-rs),
versions 0.2 to 0.16x, removed and renamed keys included. Keys below these are not looked at.
"""

_SETTINGS = """
agents allow_login_shell allow_symlinked_codex_home analytics approvals_reviewer apps
apps_mcp_product_sku audio auto_review auto_shake background_terminal_max_timeout browser_use
chatgpt_base_url check_for_update_on_startup cli_auth_credentials_store commit_attribution
compact_prompt computer_use debug default_permissions desktop disable_paste_burst
disable_response_storage experimental_compact_prompt_file experimental_realtime_start_instructions
experimental_realtime_webrtc_call_base_url experimental_realtime_ws_backend_prompt
experimental_realtime_ws_base_url experimental_realtime_ws_model
experimental_realtime_ws_startup_context experimental_resume experimental_sandbox_command_assessment
experimental_thread_config_endpoint experimental_thread_store experimental_thread_store_endpoint
experimental_use_exec_command_tool experimental_use_freeform_apply_patch
experimental_use_rmcp_client experimental_use_unified_exec_tool features feedback file_opener
forced_chatgpt_workspace_id forced_login_method ghost_snapshot goals hooks include_apply_patch_tool
include_apps_instructions include_collaboration_mode_instructions include_environment_context
include_permissions_instructions include_plan_tool include_view_image_tool js_repl_node_module_dirs
js_repl_node_path log_dir marketplaces mcp_oauth_callback_port mcp_oauth_callback_url
mcp_oauth_credentials_store mcp_optional_startup_grace_ms mcp_servers memories
model_auto_compact_token_limit model_auto_compact_token_limit_scope model_catalog_json
model_reasoning_summary_format model_supports_reasoning_summaries notice notify
openai_file_api_base_url orchestrator oss_provider otel permissions personality
plan_mode_reasoning_effort plugins preferred_auth_method project_doc_fallback_filenames
project_doc_max_bytes project_root_markers projects realtime responses_api_metadata
responses_originator_header_internal_override review_model sandbox_permissions service_tier
shell_environment_policy skills sqlite_home suppress_unstable_features_warning
thread_unload_delay_secs tool_output_token_limit tool_suggest tools tools_view_image
tools_web_search tools_web_search_request trusted_projects tui use_legacy_landlock web_search
windows windows_wsl_setup_acknowledged zsh_path
"""

SETTINGS = frozenset(_SETTINGS.split())
"""At the top of config.toml, in a profile file and in a `[profiles.X]` table."""

PROVIDER = frozenset(
    {"requires_openai_auth", "supports_websockets", "websocket_connect_timeout_ms"}
)
"""In a `[model_providers.X]` table."""

PROVIDER_KEY_SOURCES = frozenset({"auth", "aws", "experimental_bearer_token"})
"""Ways of Codex to get at a key that this program doesn't follow: worth a word to the user."""
