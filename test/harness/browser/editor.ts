import { readFile } from 'node:fs/promises';

import type { Locator, Page } from 'playwright-core';

/** What a user does in n8n's editor. All of it waits for what it needs. */

export const byTestId = (page: Page | Locator, id: string) =>
	page.locator(`[data-test-id="${id}"]`);

export async function openNewCredential(page: Page, url: string, type: string): Promise<void> {
	await page.goto(`${url}/home/credentials/create`);
	await byTestId(page, 'new-credential-type-select').locator('input').fill(type);
	await byTestId(page, 'new-credential-type-select-option')
		.filter({ hasText: type })
		.first()
		.click();
	await byTestId(page, 'new-credential-type-button').click();
	await byTestId(page, 'credential-edit-dialog').waitFor();
}

export async function fillParameter(page: Page, name: string, value: string): Promise<void> {
	const input = byTestId(page, `parameter-input-${name}`).locator('input, textarea').first();
	await input.fill(value);
}

/** Saves the credential that is open, and returns what n8n says of it, with the details of a failure. */
export async function saveCredential(page: Page): Promise<string> {
	await byTestId(page, 'credential-save-button').click();
	const form = byTestId(page, 'node-credentials-config-container');
	await form
		.getByText(/Connection tested successfully|Couldn.t connect/)
		.first()
		.waitFor({ timeout: 60_000 });
	const details = form.getByText('More details').first();
	if (await details.isVisible()) await details.click();
	return (await form.innerText()).split('Find your key in Pocketsflow')[0];
}

/** Whether the panel of nodes finds a node, by its name, for a text. */
export async function findsNode(page: Page, text: string, name: string): Promise<boolean> {
	const search = byTestId(page, 'node-creator-search-bar');
	if (!(await search.isVisible())) await page.keyboard.press('n');
	const node = byTestId(page, 'node-creator-item-name').filter({ hasText: name }).first();
	// What the text before it found is to be gone.
	await search.fill('no node has this name');
	await node.waitFor({ state: 'hidden' });
	await search.fill(text);
	return await node.waitFor({ timeout: 5_000 }).then(
		() => true,
		() => false,
	);
}

export async function openNewWorkflow(page: Page, url: string): Promise<void> {
	await page.goto(`${url}/workflow/new`);
	await byTestId(page, 'canvas-add-button').first().waitFor({ timeout: 60_000 });
}

/** Leaves the panel of the node open. `action` is one that n8n lists for it; it follows `after`. */
export async function addNode(
	page: Page,
	{
		search,
		name,
		action,
		after,
	}: Record<'search' | 'name', string> & {
		action?: string;
		after?: string;
	},
): Promise<void> {
	if (after === undefined) await page.keyboard.press('n');
	else await findNode(page, after).locator('[data-test-id=canvas-handle-plus]').first().click();
	await byTestId(page, 'node-creator-search-bar').fill(search);
	const found = byTestId(page, 'node-creator-item-name');
	await found.getByText(name, { exact: true }).first().click();
	if (action !== undefined) {
		const entry = found.getByText(action, { exact: true }).first();
		const group = page.getByText(/^On /.test(action) ? /^Triggers \(\d+\)/ : /^Actions \(\d+\)/);
		await group.first().waitFor();
		// A new workflow has the actions folded up, another one the triggers.
		if (!(await entry.isVisible())) await group.first().click();
		await entry.click();
	}
	await byTestId(page, 'node-parameters').first().waitFor();
}

/** Chooses from the list of a resource locator, by what is typed into its search. */
export async function chooseFromList(page: Page, name: string, search: string): Promise<string> {
	await byTestId(byTestId(page, `resource-locator-${name}`), 'rlc-input').click();
	await byTestId(page, 'rlc-search').fill(search);
	const item = byTestId(page, 'rlc-item').filter({ hasText: new RegExp(search, 'i') });
	const label = await item.first().innerText();
	await item.first().click();
	return label.trim();
}

export async function chooseOption(page: Page, name: string, option: string): Promise<void> {
	await byTestId(page, `parameter-input-${name}`).locator('input').first().click();
	await page.getByRole('option', { name: option }).filter({ visible: true }).first().click();
}

/** Publishes the workflow that is open, and returns what the dialog says then. */
export async function publish(page: Page): Promise<string> {
	await byTestId(page, 'workflow-open-publish-modal-button').click();
	await page
		.getByRole('dialog')
		.getByRole('button', { name: /^Publish/ })
		.click();
	const dialog = byTestId(page, 'activation-modal');
	await dialog.waitFor({ timeout: 60_000 });
	const text = await dialog.innerText();
	await dialog.getByRole('button', { name: 'Got it' }).click();
	return text;
}

/** Runs the node of the open panel, waits until its output or error shows a text, and returns it. */
export async function executeNode(page: Page, shown: RegExp | string): Promise<string> {
	await byTestId(page, 'node-execute-button').first().click();
	const output = byTestId(page, 'output-panel');
	await output.getByText(shown).first().waitFor({ timeout: 30_000 });
	const text = await output.innerText();
	// The output is there before n8n ends the execution, and n8n does not begin another until then.
	await byTestId(page, 'stop-execution-button').waitFor({ state: 'hidden', timeout: 30_000 });
	return text;
}

export async function openNode(page: Page, name: string): Promise<void> {
	await findNode(page, name).dblclick();
	await byTestId(page, 'node-parameters').first().waitFor();
}

/** What the open panel shows of each parameter, by its path: texts, input and switches. */
export const readParameters = (page: Page): Promise<Record<string, string>> =>
	byTestId(page, 'node-parameters')
		.first()
		.locator('[data-parameter-path]')
		.evaluateAll((places) => {
			const read = (input: HTMLInputElement) =>
				input.type === 'checkbox' ? String(input.checked) : input.value;
			const entries = places.map((place) => {
				const inputs = Array.from(
					place.querySelectorAll<HTMLInputElement>('input, textarea'),
					read,
				);
				return [
					place.getAttribute('data-parameter-path'),
					[place.textContent, ...inputs].join('\n'),
				];
			});
			return Object.fromEntries(entries) as Record<string, string>;
		});

/** Also saves the workflow, which newer n8n does automatically. */
export async function addNote(page: Page): Promise<void> {
	await page.keyboard.press('Shift+S');
	await page.keyboard.press('Escape');
	await page.keyboard.press('Control+s');
}

export async function exportWorkflow(page: Page): Promise<string> {
	await byTestId(page, 'workflow-menu').first().click();
	const download = page.waitForEvent('download');
	await byTestId(page, 'workflow-menu-item-download').click();
	return await readFile(await (await download).path(), 'utf8');
}

const findNode = (page: Page, name: string) =>
	page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`);

export async function closeNode(page: Page): Promise<void> {
	const button = byTestId(page, 'ndv-close-button').first();
	// n8n 1.123 has no such button.
	if (await button.isVisible()) await button.click();
	else await page.keyboard.press('Escape');
	await byTestId(page, 'node-parameters').first().waitFor({ state: 'hidden' });
}

export async function openWorkflow(page: Page, url: string, id: string): Promise<void> {
	await page.goto(`${url}/workflow/${id}`);
	await byTestId(page, 'canvas-node').first().waitFor({ timeout: 60_000 });
	const hints = byTestId(page, 'suggested-actions-close').first();
	if (await hints.isVisible()) await hints.click();
	await byTestId(page, 'zoom-to-fit').click();
}
