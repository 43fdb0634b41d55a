// Imported before n8n-core: everything that it would ever log is logged, so that a key in it is found.
process.env.N8N_LOG_LEVEL = 'debug';
