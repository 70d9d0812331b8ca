//! REFERENCES of RFC 5256 §3, step by step, and REFS, which has only some of the steps.

use std::collections::HashMap;

use super::{ById, Forest, Member, STEPS_PER_LINK};

/// Puts messages into conversations by what they refer to, and, if that is wanted, by their subjects.
pub fn thread(members: &[Member<'_>], by_subject: bool) -> Forest {
    let tree = Tree::link(members);
    let mut forest = Gathering { members, forest: tree.prune() };
    forest.sort_all();
    if by_subject {
        forest.sort_roots(|gathering, root| gathering.date(root));
        forest.merge_subjects();
        forest.sort_all();
        forest.sort_roots(|gathering, root| gathering.date(root));
    } else {
        let newest = forest.newest();
        forest.sort_roots(|_, root| newest[root as usize]);
    }
    forest.forest
}

/// Who is whose parent. The first nodes are the messages, those behind them dummies.
struct Tree {
    messages: usize,
    parents: Vec<u32>,
    /// Whether a node was a parent at any time: one that never was closes no loop.
    was_parent: Vec<bool>,
    /// Steps that looking for loops may take yet.
    steps: usize,
}

/// No node.
const NONE: u32 = u32::MAX;

impl Tree {
    /// Step 1: links what refers to each other.
    fn link(members: &[Member<'_>]) -> Tree {
        let mut tree = Tree {
            messages: members.len(),
            parents: vec![NONE; members.len()],
            was_parent: vec![false; members.len()],
            steps: STEPS_PER_LINK,
        };
        // Of several messages with one message-id, the first has it.
        let mut by_id = ById::with_capacity_and_hasher(2 * members.len(), Default::default());
        for (message, member) in (0..).zip(members) {
            if let Some(id) = member.id {
                by_id.entry(id).or_insert(message);
            }
        }
        for (message, member) in (0..).zip(members) {
            let mut before = NONE;
            for id in member.references {
                let node = *by_id.entry(*id).or_insert_with(|| tree.add_dummy());
                // (A): what has a parent keeps it, since References may have been shortened.
                if before != NONE && tree.parents[node as usize] == NONE {
                    tree.set_parent(node, before);
                }
                before = node;
            }
            // (B): the last reference is the parent, whatever was thought before.
            tree.parents[message as usize] = NONE;
            if before != NONE {
                tree.set_parent(message, before);
            }
        }
        tree
    }

    fn add_dummy(&mut self) -> u32 {
        self.parents.push(NONE);
        self.was_parent.push(false);
        self.parents.len() as u32 - 1
    }

    /// Makes a link, unless it would close a loop.
    fn set_parent(&mut self, child: u32, parent: u32) {
        self.steps += STEPS_PER_LINK;
        if child == parent || self.was_parent[child as usize] && self.descends(parent, child) {
            return;
        }
        self.parents[child as usize] = parent;
        self.was_parent[parent as usize] = true;
    }

    /// Whether `node` is below `ancestor`. When too many steps were taken already, which only mail does that is made
    /// for it, it is taken to be.
    fn descends(&mut self, mut node: u32, ancestor: u32) -> bool {
        while node != NONE {
            if node == ancestor || self.steps == 0 {
                return true;
            }
            self.steps -= 1;
            node = self.parents[node as usize];
        }
        false
    }

    /// Steps 2 and 3: a dummy gives way to its children; at the top only one that has a single child.
    fn prune(self) -> Forest {
        let Tree { messages, parents, .. } = self;
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
        let mut roots = Vec::new();
        for (node, parent) in (0u32..).zip(&parents) {
            match *parent {
                NONE => roots.push(node),
                parent => children[parent as usize].push(node),
            }
        }
        // Parents first, so that the way back has children first.
        let mut order = roots.clone();
        let mut at = 0;
        while let Some(node) = order.get(at).copied() {
            order.extend_from_slice(&children[node as usize]);
            at += 1;
        }
        let is_dummy = |node: u32| node as usize >= messages;
        for node in order.into_iter().rev() {
            let below = std::mem::take(&mut children[node as usize]);
            children[node as usize] = match below.as_slice() {
                [only] if is_dummy(*only) => std::mem::take(&mut children[*only as usize]),
                _ if below.iter().any(|child| is_dummy(*child)) => {
                    let promoted = below.into_iter().flat_map(|child| match is_dummy(child) {
                        true => std::mem::take(&mut children[child as usize]),
                        false => vec![child],
                    });
                    promoted.collect()
                }
                _ => below,
            };
        }
        let top = roots.into_iter().filter_map(|root| match children[root as usize].as_slice() {
            [] if is_dummy(root) => None,
            [only] if is_dummy(root) => Some(*only),
            _ => Some(root),
        });
        let roots = top.collect();
        Forest { messages, roots, children }
    }
}

/// The conversations, with what is known of their messages.
struct Gathering<'a> {
    members: &'a [Member<'a>],
    forest: Forest,
}

impl<'a> Gathering<'a> {
    fn is_dummy(&self, node: u32) -> bool {
        node as usize >= self.forest.messages
    }

    /// The message by which a node is sorted: itself, or the first child of a dummy, whose children are sorted.
    fn first(&self, node: u32) -> u32 {
        match self.is_dummy(node) {
            true => self.forest.children[node as usize][0],
            false => node,
        }
    }

    /// The date of a node, and of equal ones its place in the mailbox.
    fn date(&self, node: u32) -> (i64, u32) {
        let first = self.first(node);
        (self.members[first as usize].date, first)
    }

    /// When each conversation got its last message, by its root.
    fn newest(&self) -> Vec<(i64, u32)> {
        let mut newest = vec![(i64::MIN, 0); self.forest.children.len()];
        for root in &self.forest.roots {
            let mut rest = vec![*root];
            while let Some(node) = rest.pop() {
                if !self.is_dummy(node) {
                    let date = (self.members[node as usize].arrived, node);
                    newest[*root as usize] = newest[*root as usize].max(date);
                }
                rest.extend_from_slice(&self.forest.children[node as usize]);
            }
        }
        newest
    }

    /// Step 6: sorts siblings below the top; there are no dummies among them.
    fn sort_all(&mut self) {
        let members = self.members;
        for children in &mut self.forest.children {
            children.sort_unstable_by_key(|child| (members[*child as usize].date, *child));
        }
    }

    /// Step 4, and the end of step 6: sorts the conversations.
    fn sort_roots(&mut self, key: impl Fn(&Self, u32) -> (i64, u32)) {
        let mut roots: Vec<_> = self.forest.roots.iter().map(|root| (key(self, *root), *root)).collect();
        roots.sort_unstable();
        self.forest.roots = roots.into_iter().map(|(_, root)| root).collect();
    }

    /// The subject of a conversation, and whether its first message is an answer; None without a subject.
    fn subject(&self, root: u32) -> Option<&'a [u8]> {
        Some(self.members[self.first(root) as usize].subject).filter(|subject| !subject.is_empty())
    }

    fn is_reply(&self, root: u32) -> bool {
        !self.is_dummy(root) && self.members[root as usize].is_reply
    }

    /// Step 5: conversations of the same subject become one.
    fn merge_subjects(&mut self) {
        let roots = std::mem::take(&mut self.forest.roots);
        // (B): the one that stands for each subject.
        let mut table: HashMap<&'a [u8], u32> = HashMap::with_capacity(roots.len());
        for root in &roots {
            let Some(subject) = self.subject(*root) else { continue };
            let there = table.entry(subject).or_insert(*root);
            let is_better = self.is_dummy(*root) || self.is_reply(*there) && !self.is_reply(*root);
            if !self.is_dummy(*there) && is_better {
                *there = *root;
            }
        }
        // (C): all others go to it. Subjects are told before anything moves.
        let subjects: Vec<Option<&'a [u8]>> = roots.iter().map(|root| self.subject(*root)).collect();
        let mut merged = vec![false; self.forest.children.len()];
        for (root, subject) in roots.iter().zip(subjects) {
            let Some(there) = subject.map(|subject| table.get_mut(subject).expect("it is in the table"))
            else {
                continue;
            };
            if *there == *root {
                continue;
            }
            if self.is_dummy(*there) {
                let below = match self.is_dummy(*root) {
                    true => std::mem::take(&mut self.forest.children[*root as usize]),
                    false => vec![*root],
                };
                self.forest.children[*there as usize].extend(below);
            } else if self.is_reply(*root) && !self.is_reply(*there) {
                self.forest.children[*there as usize].push(*root);
            } else {
                // The dummy that takes both stands where the first of them stood.
                let dummy = self.forest.children.len() as u32;
                self.forest.children.push(vec![*there, *root]);
                merged[*there as usize] = true;
                merged.push(false);
                self.forest.roots.push(dummy);
                *there = dummy;
            }
            merged[*root as usize] = true;
        }
        self.forest.roots.extend(roots.into_iter().filter(|root| !merged[*root as usize]));
    }
}
