import type { FaultRule, Switches } from './switches';

const patterns = new Map<string, RegExp>();

function matches(pattern: string, path: string): boolean {
	let expression = patterns.get(pattern);
	if (!expression) {
		const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
		expression = new RegExp(`^${escaped}$`);
		patterns.set(pattern, expression);
	}
	return expression.test(path);
}

/** The fault that strikes a request, if any; counts of the rules are used up here. */
export function strike(switches: Switches, method: string, path: string): FaultRule | undefined {
	for (const rule of switches.faults) {
		if (rule.method !== undefined && rule.method.toUpperCase() !== method) continue;
		if (rule.path !== undefined && !matches(rule.path, path)) continue;
		if (rule.count !== undefined && rule.count <= 0) continue;
		if (rule.skip !== undefined && rule.skip > 0) {
			rule.skip -= 1;
			continue;
		}
		if (rule.count !== undefined) rule.count -= 1;
		return rule;
	}
	return undefined;
}

/** The page that a proxy in front of the API would answer with. */
export const htmlError = (status: number) =>
	`<!DOCTYPE html>\n<html><head><title>${status}</title></head>` +
	`<body><center><h1>${status}</h1></center></body></html>\n`;
