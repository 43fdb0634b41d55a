/**
 * What n8n 3.0 sets otherwise than n8n 2, as far as n8n 2.41.1 can be set to it. n8n 3.0 itself is not in the
 * npm registry. Chosen by `N8N_DEFAULTS=3.0`, or `3.0-database` for binary data in the database.
 */
const defaultsOf3 = {
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'false',
	N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem',
	N8N_RUNNERS_TASK_TIMEOUT: '60',
	N8N_ENV_FEAT_ENCRYPTION_KEY_ROTATION: 'true',
	N8N_SSRF_PROTECTION_ENABLED: 'true',
	// The sandbox is on this machine.
	N8N_SSRF_ALLOWED_IP_RANGES: '127.0.0.0/8,::1/128',
	N8N_SCHEDULER_ENABLED: 'true',
	N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
	N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
	// What is left over from n8n 2 must not count.
	WEBHOOK_URL: 'https://former-address.invalid/',
};

const allDefaults: Record<string, Record<string, string>> = {
	'3.0': defaultsOf3,
	'3.0-database': { ...defaultsOf3, N8N_DEFAULT_BINARY_DATA_MODE: 'database' },
};

/** Whether n8n resolves names itself, even if a proxy would do that for it. */
export const resolvesNames = () => Boolean(process.env.N8N_DEFAULTS);

/** @param webhookUrl the public address, which n8n 3.0 reads from another variable */
export function buildDefaults(webhookUrl: string): Record<string, string> {
	const { N8N_DEFAULTS: chosen } = process.env;
	if (!chosen) return { WEBHOOK_URL: webhookUrl };
	const defaults = allDefaults[chosen];
	if (!defaults)
		throw new Error(`N8N_DEFAULTS is ${Object.keys(allDefaults).join(' or ')}, not "${chosen}".`);
	return { ...defaults, N8N_WEBHOOK_URL: webhookUrl };
}
