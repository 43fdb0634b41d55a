// Links of the pages, without a network: files and headings must exist.
import validateLinks from 'remark-validate-links';

export default { plugins: [[validateLinks, { repository: false }]] };
