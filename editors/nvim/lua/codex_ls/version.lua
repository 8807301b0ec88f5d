---The version of the plugin. It is released together with the server, under the same number.
return "0.1.0"
