import { isObject, type JsonObject } from '../json';

export interface FaultRule {
	method?: string;
	/** Path, with `*` for any run of characters; every path when absent. */
	path?: string;
	/** How many matching requests pass unharmed first. */
	skip?: number;
	/** How many requests are struck; without limit when absent. */
	count?: number;
	/** `answer` replaces the answer, `reset` cuts the connection, `hang` never answers. */
	kind: 'answer' | 'reset' | 'hang';
	/** `after`: the request was processed, its effect stays, and only the answer is lost. */
	when?: 'before' | 'after';
	status?: number;
	/** `json` is the error body in the form of the switch `errorText`. */
	body?: 'json' | 'html' | 'empty';
	message?: string;
	headers?: Record<string, string>;
}

const isOneOf = (values: unknown[]) => (value: unknown) => values.includes(value);
const isOptional = (type: 'string' | 'number') => (value: unknown) =>
	value === undefined || typeof value === type;

const checks: Record<keyof FaultRule, (value: unknown) => boolean> = {
	method: isOptional('string'),
	path: isOptional('string'),
	skip: isOptional('number'),
	count: isOptional('number'),
	kind: isOneOf(['answer', 'reset', 'hang']),
	when: isOneOf([undefined, 'before', 'after']),
	status: isOptional('number'),
	body: isOneOf([undefined, 'json', 'html', 'empty']),
	message: isOptional('string'),
	headers: (value) => value === undefined || isObject(value),
};

const hasOnlyKnownFields = (rule: JsonObject) =>
	Object.keys(rule).every((name) => Object.hasOwn(checks, name));

/** Whether a value is a fault rule: a misspelt field must not pass for a rule without it. */
export const isFaultRule = (value: unknown): value is FaultRule =>
	isObject(value) &&
	hasOnlyKnownFields(value) &&
	Object.entries(checks).every(([name, check]) => check(value[name]));

const patterns = new Map<string, RegExp>();

function matchesPath(pattern: string, path: string): boolean {
	let expression = patterns.get(pattern);
	if (!expression) {
		const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
		expression = new RegExp(`^${escaped}$`);
		patterns.set(pattern, expression);
	}
	return expression.test(path);
}

/** The rule that strikes a request, if any. Changes the rules: `skip` and `count` are used up. */
export function takeFault(rules: FaultRule[], method: string, path: string): FaultRule | undefined {
	for (const rule of rules) {
		if (rule.method !== undefined && rule.method.toUpperCase() !== method) continue;
		if (rule.path !== undefined && !matchesPath(rule.path, path)) continue;
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

export const buildHtmlError = (status: number) =>
	`<!DOCTYPE html>\n<html><head><title>${status}</title></head>` +
	`<body><center><h1>${status}</h1></center></body></html>\n`;
