"""Small models and tokenizers for tests, made on the spot: random weights, real code paths."""

import string
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import MPNetConfig, MPNetForQuestionAnswering, PreTrainedTokenizerFast

_LETTERS = string.ascii_lowercase + string.digits + string.punctuation + "éüß–“”"
_SPECIAL = ["<s>", "<pad>", "</s>", "[UNK]"]
_WORDS = ["the", "who", "met", "meet", "ing", "at", "in", "##ing", "##ed", "##er", "ca", "##ra", "##cas"]


def wordpiece() -> PreTrainedTokenizerFast:
    """Like BERT's: lower case, words in pieces, every word spellable."""
    pieces = [*_SPECIAL, *_WORDS, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=1000))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return _finished(tokenizer)


def byte_level() -> PreTrainedTokenizerFast:
    """Like RoBERTa's without merges: a token for every byte, so that one character may be several."""
    alphabet = [*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({piece: number for number, piece in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return _finished(tokenizer)


def spaced() -> PreTrainedTokenizerFast:
    """Like sentencepiece's: the space before a word is part of its token."""
    vocabulary = {piece: number for number, piece in enumerate([*_SPECIAL, "▁", *_LETTERS, *string.ascii_uppercase])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="[UNK]", fuse_unk=False))
    tokenizer.normalizer = normalizers.Replace(Regex(r"\s"), " ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return _finished(tokenizer)


def _finished(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="[UNK]",
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        **names,
    )


def model(tokenizer: PreTrainedTokenizerFast, seed: int = 0) -> MPNetForQuestionAnswering:
    """Two layers, 32 wide, weights from the seed."""
    torch.manual_seed(seed)
    config = MPNetConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=514,
    )
    return MPNetForQuestionAnswering(config)


def save(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    """A model folder as `from_pretrained` reads it."""
    model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
